/* FreeBSD 13.1 and later. */
#ifndef FP_SYS_FREEBSD_CALLS_H
#define FP_SYS_FREEBSD_CALLS_H

#define FP_ABILITY(macos, freebsd, netbsd, openbsd) freebsd
#define FP_SYS_STATUS_CONTINUED 0x13
#define FP_SYS_WRUSAGE struct __wrusage

#include "../bsd/common.h"
#include "../bsd/wait6.h"

#define _NSIG (_SIG_MAXSIG + 1)

static inline bool fp_sys_wipe_on_fork(void *at, size_t size) {
    return FP_CALL(minherit(at, size, INHERIT_ZERO)) == 0;
}

#endif
