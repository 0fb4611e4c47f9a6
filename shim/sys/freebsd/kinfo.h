/* What sysctl says of processes: FreeBSD. */
#ifndef FP_SYS_FREEBSD_KINFO_H
#define FP_SYS_FREEBSD_KINFO_H

#include <sys/param.h>
#include <sys/sysctl.h>
#include <sys/user.h>

#include "proc.h"

typedef struct kinfo_proc fp_kinfo;

#define FP_PID_MAX_HERE 99999

/* One process, or with 0 all of them. Returns how many words it has. count: entries of room. */
static inline unsigned fp_kinfo_name(int name[static 6], pid_t pid, size_t count) {
    (void)count;
    name[0] = CTL_KERN;
    name[1] = KERN_PROC;
    name[2] = pid ? KERN_PROC_PID : KERN_PROC_PROC;
    name[3] = (int)pid;
    return pid ? 4 : 3;
}

static inline void fp_kinfo_read(const fp_kinfo *info, struct fp_proc *ret) {
    *ret = (struct fp_proc){
        .pid = info->ki_pid,
        .ppid = info->ki_ppid,
        .pgrp = info->ki_pgid,
        .session = info->ki_sid,
        .state = info->ki_stat == SZOMB   ? 'Z'
                 : info->ki_stat == SSTOP ? 'T'
                                          : 'R',
        .threads = 1,
        .start = fp_kinfo_ticks(info->ki_start.tv_sec, info->ki_start.tv_usec),
    };
}

static inline unsigned fp_kinfo_texts_name(int name[static 6], pid_t pid, bool environment) {
    name[0] = CTL_KERN;
    name[1] = KERN_PROC;
    name[2] = environment ? KERN_PROC_ENV : KERN_PROC_ARGS;
    name[3] = (int)pid;
    return 4;
}

/* Where the first text begins, each ends with a NUL. */
static inline size_t fp_kinfo_texts_begin(const char *texts, size_t size, bool environment) {
    (void)texts, (void)size, (void)environment;
    return 0;
}

#endif
