/* NetBSD 9 and later. */
#ifndef FP_SYS_NETBSD_CALLS_H
#define FP_SYS_NETBSD_CALLS_H

#define FP_ABILITY(macos, freebsd, netbsd, openbsd) netbsd
#define FP_SYS_STATUS_CONTINUED 0xffff
#define FP_SYS_WRUSAGE struct wrusage

#include "../bsd/common.h"
#include "../bsd/wait6.h"

static inline bool fp_sys_wipe_on_fork(void *at, size_t size) {
    return FP_CALL(minherit(at, size, MAP_INHERIT_ZERO)) == 0;
}

#endif
