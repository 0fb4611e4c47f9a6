/* What FreeBSD, NetBSD and OpenBSD have in common and macOS has not. In the place of calls.h. */
#ifndef FP_SYS_BSD_COMMON_H
#define FP_SYS_BSD_COMMON_H

#define FP_SYS_PRELOAD "LD_PRELOAD"
#define FP_SYS_TRAPPED WTRAPPED /* which wait4 asks for by itself */
#define FP_SYS_WAITID_OPTIONS(wait4_options) ((wait4_options) | WTRAPPED)
#define FP_SYS_WAIT4_OPTIONS(waitid_options) ((waitid_options) & ~WTRAPPED)

#include "ability.h"
#include "calls.h"

extern char **environ __attribute__((weak));

static inline char **fp_sys_environ(void) {
    return &environ ? environ : NULL;
}

static inline long fp_sys_pipe2(int *user_ends, int flags) {
    return FP_CALL(FP_REAL(pipe2)(user_ends, flags));
}

#endif
