/*
 * exit, and return from main. libc calls neither by a public symbol when main returns, so the main
 * that it calls is ours; but for powerpc, where glibc is told of main in a way of its own. In
 * libforkproof-audit.so only.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "note.h"
#include "symbol.h"
#include "wrap.h"

static atomic_int told; /* the process whose end has been told: a forked child finds its parent */

/* Some functions of libc (err, error) exit on their own, and do not tell with which status. */
void fp_note_finished(void) {
    if (atomic_load(&told) != fp_sys_getpid())
        fp_log_exit(FP_ENDED_RETURN, -1, NULL);
}

FP_EXPORT _Noreturn void exit(int status) {
    FP_NOTE(note);
    __typeof__(&exit) next = FP_NEXT(exit);
    atomic_store(&told, fp_sys_getpid());
    fp_note_exit(&note, FP_ENDED_RETURN, status);
    if (next)
        next(status);
    _exit(status);
}

#ifndef __powerpc__

typedef int main_function(int argc, char **argv, char **envp);

static main_function *program;

static int run(int argc, char **argv, char **envp) {
    int status = program(argc, argv, envp);
    FP_NOTE(note);
    atomic_store(&told, fp_sys_getpid());
    fp_note_return(&note, status);
    return status;
}

/* The last three are libc's own affair, and differ by libc. */
int __libc_start_main(main_function *main, int argc, char **argv, void *begin, void *end,
                      void *loader, void *stack);

FP_EXPORT int __libc_start_main(main_function *main, int argc, char **argv, void *begin, void *end,
                                void *loader, void *stack) {
    __typeof__(&__libc_start_main) next = FP_NEXT(__libc_start_main);
    program = main;
    if (!next)
        _exit(127);
    return next(run, argc, argv, begin, end, loader, stack);
}

#endif
