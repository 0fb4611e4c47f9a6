/*
 * The exec family: each call execs with the preload kept in its environment, which is built on the
 * caller's stack. What searches PATH stays libc's own search.
 */
#include <alloca.h>
#include <stdarg.h>
#include <unistd.h>

#include "preload.h"
#include "symbol.h"
#include "sys.h"
#include "wrap.h"

FP_EXPORT int execve(const char *path, char *const argv[], char *const envp[]) {
    return (int)fp_wrap_result(fp_sys_execve(path, argv, FP_WITH_PRELOAD(envp)));
}

FP_EXPORT int execv(const char *path, char *const argv[]) {
    return execve(path, argv, fp_own_environ());
}

FP_EXPORT int execveat(int dir, const char *path, char *const argv[], char *const envp[],
                       int flags) {
    return (int)fp_wrap_result(fp_sys_execveat(dir, path, argv, FP_WITH_PRELOAD(envp), flags));
}

FP_EXPORT int fexecve(int fd, char *const argv[], char *const envp[]) {
    __typeof__(&fexecve) next = FP_NEXT(fexecve);
    return next ? next(fd, argv, FP_WITH_PRELOAD(envp)) : (int)fp_wrap_result(-ENOSYS);
}

FP_EXPORT int execvpe(const char *file, char *const argv[], char *const envp[]) {
    __typeof__(&execvpe) next = FP_NEXT(execvpe);
    return next ? next(file, argv, FP_WITH_PRELOAD(envp)) : (int)fp_wrap_result(-ENOSYS);
}

FP_EXPORT int execvp(const char *file, char *const argv[]) {
    return execvpe(file, argv, fp_own_environ());
}

/* The arguments of execl and its kin, gathered as libc gathers them: on the stack. */
static size_t count_arguments(const char *first, va_list list) {
    size_t count = 0;
    for (const char *argument = first; argument; argument = va_arg(list, const char *))
        count++;
    return count;
}

/* Leaves the list after the NULL, where execle's environment stands. */
#define GATHER(argv, first, list)                                                                  \
    do {                                                                                           \
        va_start(list, first);                                                                     \
        size_t count_ = count_arguments(first, list);                                              \
        va_end(list);                                                                              \
        va_start(list, first);                                                                     \
        argv = alloca((count_ + 1) * sizeof *argv);                                                \
        argv[0] = (char *)(uintptr_t)first;                                                        \
        for (size_t i_ = 1; i_ <= count_; i_++)                                                    \
            argv[i_] = va_arg(list, char *);                                                       \
    } while (0)

FP_EXPORT int execl(const char *path, const char *first, ...) {
    va_list list;
    char **argv;
    GATHER(argv, first, list);
    va_end(list);
    return execv(path, argv);
}

FP_EXPORT int execlp(const char *file, const char *first, ...) {
    va_list list;
    char **argv;
    GATHER(argv, first, list);
    va_end(list);
    return execvp(file, argv);
}

FP_EXPORT int execle(const char *path, const char *first, ...) {
    va_list list;
    char **argv;
    GATHER(argv, first, list);
    char *const *envp = va_arg(list, char *const *);
    va_end(list);
    return execve(path, argv, envp);
}
