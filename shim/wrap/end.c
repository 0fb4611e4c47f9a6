/*
 * The ends of a process that libc lets us see. The root of a contained program ends the others
 * first (group.h); for everybody else there is nothing to do.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "group.h"
#include "note.h"
#include "symbol.h"
#include "sys.h"
#include "wrap.h"

/* exit and return from main, after the program's own handlers. */
__attribute__((destructor)) static void finish(void) {
    fp_note_finish();
    fp_group_end();
}

static _Noreturn void end(int status) {
    fp_group_end();
    for (;;)
        (void)fp_syscall(SYS_exit_group, status, 0, 0, 0, 0, 0);
}

FP_EXPORT _Noreturn void _exit(int status) {
    FP_NOTE(note);
    fp_note_exit(&note, FP_ENDED_EXIT, status);
    end(status);
}

FP_EXPORT _Noreturn void _Exit(int status) {
    FP_NOTE(note);
    fp_note_exit(&note, FP_ENDED_EXIT, status);
    end(status);
}

FP_EXPORT _Noreturn void quick_exit(int status) {
    FP_NOTE(note);
    __typeof__(&quick_exit) next = FP_NEXT(quick_exit);
    fp_note_exit(&note, FP_ENDED_QUICK_EXIT, status);
    fp_group_end();
    if (next)
        next(status);
    end(status);
}

/*
 * A handler may leave abort by longjmp, and then it is no end: so the root runs it before, as abort
 * would, and goes on with the default.
 */
static void run_handler(void) {
    void (*handler)(int) = SIG_DFL;
    unsigned long flags;
    (void)fp_sys_disposition(SIGABRT, &handler, &flags);
    if (handler == SIG_DFL || handler == SIG_IGN)
        return;
    fp_sys_unblock(SIGABRT);
    (void)fp_sys_tgkill(fp_sys_getpid(), fp_sys_gettid(), SIGABRT);
    (void)signal(SIGABRT, SIG_DFL);
}

FP_EXPORT _Noreturn void abort(void) {
    FP_NOTE(note);
    __typeof__(&abort) next = FP_NEXT(abort);
    if (fp_group_is_root()) {
        run_handler();
        fp_group_end();
    }
    fp_note_exit(&note, FP_ENDED_ABORT, SIGABRT);
    if (next)
        next();
    end(127);
}
