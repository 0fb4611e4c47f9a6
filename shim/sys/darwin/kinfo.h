/* What sysctl says of processes: macOS. */
#ifndef FP_SYS_DARWIN_KINFO_H
#define FP_SYS_DARWIN_KINFO_H

#include <sys/sysctl.h>
#include <unistd.h>

#include "proc.h"

typedef struct kinfo_proc fp_kinfo;

#define FP_PID_MAX_HERE 99999

/* One process, or with 0 all of them. Returns how many words it has. count: entries of room. */
static inline unsigned fp_kinfo_name(int name[static 6], pid_t pid, size_t count) {
    (void)count;
    name[0] = CTL_KERN;
    name[1] = KERN_PROC;
    name[2] = pid ? KERN_PROC_PID : KERN_PROC_ALL;
    name[3] = (int)pid;
    return 4;
}

static inline void fp_kinfo_read(const fp_kinfo *info, struct fp_proc *ret) {
    const struct timeval *start = &info->kp_proc.p_starttime;
    *ret = (struct fp_proc){
        .pid = info->kp_proc.p_pid,
        .ppid = info->kp_eproc.e_ppid,
        .pgrp = info->kp_eproc.e_pgid,
        .session = fp_sys_getsid(info->kp_proc.p_pid),
        .state = info->kp_proc.p_stat == SZOMB   ? 'Z'
                 : info->kp_proc.p_stat == SSTOP ? 'T'
                                                 : 'R',
        .threads = 1,
        .start = fp_kinfo_ticks(start->tv_sec, start->tv_usec),
    };
}

/* Arguments and environment come together. */
static inline unsigned fp_kinfo_texts_name(int name[static 6], pid_t pid, bool environment) {
    (void)environment;
    name[0] = CTL_KERN;
    name[1] = KERN_PROCARGS2;
    name[2] = (int)pid;
    return 3;
}

/* How many arguments there are, the path, NULs, the arguments; then, each ending with a NUL, the
 * environment. */
static inline size_t fp_kinfo_texts_begin(const char *texts, size_t size, bool environment) {
    int left = 0;
    size_t at = sizeof left;
    if (size < at)
        return size;
    memcpy(&left, texts, sizeof left);
    while (at < size && texts[at])
        at++;
    while (at < size && !texts[at])
        at++;
    for (; environment && left > 0 && at < size; at++)
        left -= !texts[at];
    return at;
}

#endif
