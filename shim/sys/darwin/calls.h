/* macOS 12 and later. */
#ifndef FP_SYS_DARWIN_CALLS_H
#define FP_SYS_DARWIN_CALLS_H

#define FP_ABILITY(macos, freebsd, netbsd, openbsd) macos
#define FP_SYS_PRELOAD "DYLD_INSERT_LIBRARIES"
#define FP_SYS_STATUS_CONTINUED (SIGCONT << 8 | 0x7f)
#define FP_SYS_TRAPPED WSTOPPED

#include "../bsd/ability.h"
#include "../bsd/calls.h"
#include "../bsd/waitid.h"

#include <crt_externs.h>

#define _NSIG NSIG

/* WUNTRACED is waitid's WSTOPPED, with another number; wait4 has no WEXITED. */
#define FP_SYS_WAITID_OPTIONS(wait4_options)                                                       \
    (((wait4_options) & ~WUNTRACED) | ((wait4_options)&WUNTRACED ? WSTOPPED : 0))
#define FP_SYS_WAIT4_OPTIONS(waitid_options)                                                       \
    (((waitid_options) & ~WSTOPPED) | ((waitid_options)&WSTOPPED ? WUNTRACED : 0))

static inline char **fp_sys_environ(void) {
    return *_NSGetEnviron();
}

/* A fork here can share memory, copy it or leave it out, not empty it. */
static inline bool fp_sys_wipe_on_fork(void *at, size_t size) {
    (void)at, (void)size;
    return false;
}

/* Not at once: another thread's fork may come in between. */
static inline long fp_sys_pipe2(int *user_ends, int flags) {
    long result = FP_CALL(FP_REAL(pipe)(user_ends));
    for (int i = 0; result == 0 && i < 2; i++) {
        if (flags & O_CLOEXEC)
            (void)FP_CALL(fcntl(user_ends[i], F_SETFD, FD_CLOEXEC));
        if (flags & O_NONBLOCK)
            (void)FP_CALL(fcntl(user_ends[i], F_SETFL, O_NONBLOCK));
    }
    return result;
}

/* Raised for the process, so another thread may take it first, and a wait for it would not end: it
 * stays. */
static inline void fp_sys_sigtake(const uint64_t *bits) {
    (void)bits;
}

#endif
