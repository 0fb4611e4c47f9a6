/* OpenBSD 7.1 and later. */
#ifndef FP_SYS_OPENBSD_CALLS_H
#define FP_SYS_OPENBSD_CALLS_H

#define FP_ABILITY(macos, freebsd, netbsd, openbsd) openbsd
#define FP_SYS_PRELOAD "LD_PRELOAD"
#define FP_SYS_STATUS_CONTINUED 0xffff
#define FP_SYS_TRAPPED WTRAPPED /* which wait4 asks for by itself */
#define FP_SYS_WAITID_OPTIONS(wait4_options) ((wait4_options) | WTRAPPED)
#define FP_SYS_WAIT4_OPTIONS(waitid_options) ((waitid_options) & ~WTRAPPED)

#include "../bsd/ability.h"
#include "../bsd/calls.h"
#include "../bsd/waitid.h"

extern char **environ __attribute__((weak));

static inline char **fp_sys_environ(void) {
    return &environ ? environ : NULL;
}

static inline bool fp_sys_wipe_on_fork(void *at, size_t size) {
    return FP_CALL(minherit(at, size, MAP_INHERIT_ZERO)) == 0;
}

static inline long fp_sys_pipe2(int *user_ends, int flags) {
    return FP_CALL(FP_REAL(pipe2)(user_ends, flags));
}

/* One that is blocked and pending here: it was raised for this thread, so it stays. */
static inline void fp_sys_sigtake(const uint64_t *bits) {
    sigset_t set = fp_sys_set_of(*bits);
    int taken;
    if (fp_sys_sigpending() & *bits)
        (void)sigwait(&set, &taken);
}

#endif
