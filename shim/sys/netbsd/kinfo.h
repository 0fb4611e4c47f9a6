/* What sysctl says of processes: NetBSD. */
#ifndef FP_SYS_NETBSD_KINFO_H
#define FP_SYS_NETBSD_KINFO_H

#include <sys/param.h>
#include <sys/proc.h>
#include <sys/sysctl.h>

#include "proc.h"

typedef struct kinfo_proc2 fp_kinfo;
#define FP_KERN_PROC KERN_PROC2

/* The numbers come round early, and grow only with the processes there are. */
#define FP_PID_MAX_HERE 30000

#include "../bsd/kinfo_name.h"

static inline void fp_kinfo_read(const fp_kinfo *info, struct fp_proc *ret) {
    bool ended = info->p_realstat == SZOMB || info->p_realstat == SDEAD;
    *ret = (struct fp_proc){
        .pid = info->p_pid,
        .ppid = info->p_ppid,
        .pgrp = info->p__pgid,
        .session = info->p_sid,
        .state = ended                       ? 'Z'
                 : info->p_realstat == SSTOP ? 'T'
                                             : 'R',
        .threads = 1,
        .start = fp_kinfo_ticks(info->p_ustart_sec, info->p_ustart_usec),
    };
}

/* Where the first text begins, each ends with a NUL. */
static inline size_t fp_kinfo_texts_begin(const char *texts, size_t size, bool environment) {
    (void)texts, (void)size, (void)environment;
    return 0;
}

#endif
