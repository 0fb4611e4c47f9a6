/*
 * The functions of libc that the shim defines itself, as they are behind ours. A BSD's libc is the
 * only way into its kernel (OpenBSD ends a program whose system call comes from elsewhere), so the
 * core calls these, too.
 *
 * On macOS dyld leaves the calls of the interposing object alone: there the name is enough. Else
 * they are looked up once, when the object is loaded: a look-up takes the loader's lock, which may
 * be held by whom a handler or a forked child interrupted.
 */
#ifndef FP_SYS_BSD_REAL_H
#define FP_SYS_BSD_REAL_H

#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#if defined(__FreeBSD__)
#include <libutil.h>
#include <sys/ioctl.h>
#include <sys/procdesc.h>
#elif defined(__APPLE__)
struct winsize;
pid_t forkpty(int *, char *, struct termios *, struct winsize *); /* util.h, which zig has not */
#else
#include <util.h>
#endif

// clang-format off
/* X(name, symbol): the symbol that libc defines it by. */
#if defined(__NetBSD__)
#define FP_REAL_RENAMED(X)                                                                         \
    X(wait3, "__wait350") X(wait4, "__wait450") X(sigaction, "__sigaction_siginfo")
#else
#define FP_REAL_RENAMED(X) X(wait3, "wait3") X(wait4, "wait4") X(sigaction, "sigaction")
#endif

#if defined(__FreeBSD__)
#define FP_REAL_OWN(X)                                                                             \
    X(_Fork, "_Fork")                                                                              \
    X(execvpe, "execvpe") X(fexecve, "fexecve") X(pdfork, "pdfork") X(pipe2, "pipe2")              \
        X(quick_exit, "quick_exit") X(sigqueue, "sigqueue") X(wait6, "wait6")
#elif defined(__NetBSD__)
#define FP_REAL_OWN(X)                                                                             \
    X(execvpe, "execvpe")                                                                          \
    X(fexecve, "fexecve") X(pipe2, "pipe2") X(quick_exit, "quick_exit") X(sigqueue, "sigqueue")    \
        X(wait6, "wait6")
#elif defined(__OpenBSD__)
#define FP_REAL_OWN(X) X(execvpe, "execvpe") X(pipe2, "pipe2") X(pledge, "pledge")
#else
#define FP_REAL_OWN(X)
#endif

#define FP_REALS(X)                                                                                \
    X(_exit, "_exit")                                                                              \
    X(_Exit, "_Exit") X(abort, "abort") X(daemon, "daemon") X(dup2, "dup2") X(execve, "execve")    \
        X(execvp, "execvp") X(fork, "fork") X(forkpty, "forkpty") X(kill, "kill")                  \
            X(killpg, "killpg") X(pclose, "pclose") X(pipe, "pipe") X(popen, "popen")              \
                X(posix_spawn, "posix_spawn") X(posix_spawnp, "posix_spawnp") X(raise, "raise")    \
                    X(setpgid, "setpgid") X(setsid, "setsid") X(signal, "signal")                  \
                        X(system, "system") X(wait, "wait") X(waitid, "waitid")                    \
                            X(waitpid, "waitpid") FP_REAL_RENAMED(X) FP_REAL_OWN(X)

// clang-format on

#if defined(__APPLE__)
#define FP_REAL(name) (name)
#define FP_IS_REAL(name) true
static inline void fp_real_find(void) {}
#else

#define FP_REAL_MEMBER(name, symbol) __typeof__(&(name)) name;
struct fp_real {
    FP_REALS(FP_REAL_MEMBER)
};
#undef FP_REAL_MEMBER

extern struct fp_real fp_real;

/* Fills them in. Called at load, and before that by whoever comes first. */
void fp_real_find(void);

#define FP_REALLY (fp_real.fork ? &fp_real : (fp_real_find(), &fp_real))
#define FP_REAL(name) (*FP_REALLY->name)
#define FP_IS_REAL(name) (FP_REALLY->name != NULL) /* forkpty is of a library of its own */
#endif

#endif
