/* What sysctl says of processes: NetBSD. */
#ifndef FP_SYS_NETBSD_KINFO_H
#define FP_SYS_NETBSD_KINFO_H

#include <sys/param.h>
#include <sys/proc.h>
#include <sys/sysctl.h>

#include "proc.h"

typedef struct kinfo_proc2 fp_kinfo;

/* The numbers come round early, and grow only with the processes there are. */
#define FP_PID_MAX_HERE 30000

/* One process, or with 0 all of them. Returns how many words it has. count: entries of room. */
static inline unsigned fp_kinfo_name(int name[static 6], pid_t pid, size_t count) {
    name[0] = CTL_KERN;
    name[1] = KERN_PROC2;
    name[2] = pid ? KERN_PROC_PID : KERN_PROC_ALL;
    name[3] = (int)pid;
    name[4] = (int)sizeof(fp_kinfo);
    name[5] = (int)count;
    return 6;
}

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

static inline unsigned fp_kinfo_texts_name(int name[static 6], pid_t pid, bool environment) {
    name[0] = CTL_KERN;
    name[1] = KERN_PROC_ARGS;
    name[2] = (int)pid;
    name[3] = environment ? KERN_PROC_ENV : KERN_PROC_ARGV;
    return 4;
}

/* Where the first text begins, each ends with a NUL. */
static inline size_t fp_kinfo_texts_begin(const char *texts, size_t size, bool environment) {
    (void)texts, (void)size, (void)environment;
    return 0;
}

#endif
