/* OpenBSD 7.1 and later. */
#ifndef FP_SYS_OPENBSD_CALLS_H
#define FP_SYS_OPENBSD_CALLS_H

#define FP_ABILITY(macos, freebsd, netbsd, openbsd) openbsd
#define FP_SYS_STATUS_CONTINUED 0xffff

#define FP_SYS_IS_PLEDGED fp_sys_is_pledged

#include <stdbool.h>

extern bool fp_sys_is_pledged; // set by pledge's wrapper

#include "../bsd/common.h"
#include "../bsd/waitid.h"

static inline bool fp_sys_wipe_on_fork(void *at, size_t size) {
    return FP_CALL(minherit(at, size, MAP_INHERIT_ZERO)) == 0;
}

/* One that is blocked and pending here: it was raised for this thread, so it stays. */
static inline void fp_sys_sigtake(const uint64_t *bits) {
    sigset_t set = fp_sys_set_of(*bits);
    int taken;
    if (fp_sys_sigpending() & *bits)
        (void)sigwait(&set, &taken);
}

#endif
