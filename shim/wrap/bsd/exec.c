/*
 * The exec family: each call execs with the preload kept in its environment, which is built on the
 * caller's stack. What searches PATH stays libc's own search.
 */
#include "gather.h"
#include "image.h"
#include "kept.h"
#include "wrap.h"

/*
 * Right before an exec and after one that has failed; `call` is with kept.envp, `bare` without.
 * What an earlier one has left in this memory, by a vfork child that we know nothing of, is given
 * back first.
 */
#define EXEC(envp, call, bare)                                                                     \
    __extension__({                                                                                \
        struct fp_kept kept = {.envp = (envp)};                                                    \
        fp_kept_reclaim();                                                                         \
        FP_KEEP(kept, envp);                                                                       \
        bool disarmed_ = fp_image_begin();                                                         \
        (void)(call);                                                                              \
        if (fp_kept_was_too_big(&kept, errno))                                                     \
            (void)(bare);                                                                          \
        fp_image_failed(disarmed_);                                                                \
        -1;                                                                                        \
    })

FP_WRAP(int, execve, (const char *path, char *const argv[], char *const envp[])) {
    FP_PLACE(path);
    return EXEC(envp, FP_REAL(execve)(path, argv, kept.envp), FP_REAL(execve)(path, argv, envp));
}

#if defined(__APPLE__)
/* There is none that takes an environment: it is put in the place of ours, which in a vfork child
 * is the parent's, too; so there the environment is left as it is. */
FP_WRAP(int, execvp, (const char *file, char *const argv[])) {
    FP_PLACE(file);
    bool disarmed = fp_image_begin();
    (void)FP_REAL(execvp)(file, argv);
    fp_image_failed(disarmed);
    return -1;
}
#else
FP_WRAP(int, execvpe, (const char *file, char *const argv[], char *const envp[])) {
    FP_PLACE(file);
    return EXEC(envp, FP_REAL(execvpe)(file, argv, kept.envp), FP_REAL(execvpe)(file, argv, envp));
}

FP_WRAP(int, execvp, (const char *file, char *const argv[])) {
    return FP_OWN(execvpe)(file, argv, fp_sys_environ());
}
#endif

#if defined(__FreeBSD__) || defined(__NetBSD__)
FP_WRAP(int, fexecve, (int fd, char *const argv[], char *const envp[])) {
    return EXEC(envp, FP_REAL(fexecve)(fd, argv, kept.envp), FP_REAL(fexecve)(fd, argv, envp));
}
#endif

FP_WRAP(int, execv, (const char *path, char *const argv[])) {
    return FP_OWN(execve)(path, argv, fp_sys_environ());
}

FP_WRAP(int, execl, (const char *path, const char *first, ...)) {
    va_list list;
    char **argv;
    FP_GATHER(argv, first, list);
    va_end(list);
    return FP_OWN(execv)(path, argv);
}

FP_WRAP(int, execlp, (const char *file, const char *first, ...)) {
    va_list list;
    char **argv;
    FP_GATHER(argv, first, list);
    va_end(list);
    return FP_OWN(execvp)(file, argv);
}

FP_WRAP(int, execle, (const char *path, const char *first, ...)) {
    va_list list;
    char **argv;
    FP_GATHER(argv, first, list);
    char *const *envp = va_arg(list, char *const *);
    va_end(list);
    return FP_OWN(execve)(path, argv, envp);
}
