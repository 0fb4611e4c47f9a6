/*
 * The reaper (procctl, FreeBSD 10.2): orphans among its descendants become its children, it can
 * list them, and signal all of them in one call that nobody escapes by forking.
 */
#ifndef FP_SYS_FREEBSD_REAPER_H
#define FP_SYS_FREEBSD_REAPER_H

#include <stdbool.h>
#include <sys/procctl.h>
#include <sys/types.h>
#include <sys/wait.h>

#include "sys.h"

static inline bool fp_reaper_status(struct procctl_reaper_status *ret) {
    return FP_CALL(procctl(P_PID, fp_sys_getpid(), PROC_REAP_STATUS, ret)) == 0;
}

/* Whether the calling process is one. */
static inline bool fp_reaper_is(void) {
    struct procctl_reaper_status status;
    return fp_reaper_status(&status) && (status.rs_flags & REAPER_STATUS_OWNED);
}

static inline long fp_reaper_become(void) {
    return FP_CALL(procctl(P_PID, fp_sys_getpid(), PROC_REAP_ACQUIRE, NULL));
}

/* Signals all its descendants: 0, or -errno; -ESRCH: there are none. */
static inline long fp_reaper_signal(int number) {
    struct procctl_reaper_kill kill = {.rk_sig = number};
    return FP_CALL(procctl(P_PID, fp_sys_getpid(), PROC_REAP_KILL, &kill));
}

/* Its descendants, as far as there is room: how many, or -errno. */
static inline long fp_reaper_list(struct procctl_reaper_pidinfo *ret, unsigned room) {
    struct procctl_reaper_pids pids = {.rp_count = room, .rp_pids = ret};
    long result = FP_CALL(procctl(P_PID, fp_sys_getpid(), PROC_REAP_GETPIDS, &pids));
    unsigned count = 0;
    while (result == 0 && count < room && (ret[count].pi_flags & REAPER_PIDINFO_VALID))
        count++;
    return result < 0 ? result : (long)count;
}

#endif
