/* What sysctl says of processes: OpenBSD. */
#ifndef FP_SYS_OPENBSD_KINFO_H
#define FP_SYS_OPENBSD_KINFO_H

#include <sys/param.h>
#include <sys/proc.h>
#include <sys/sysctl.h>

#include "proc.h"

typedef struct kinfo_proc fp_kinfo;
#define FP_KERN_PROC KERN_PROC

#define FP_PID_MAX_HERE 99999

#include "../bsd/kinfo_name.h"

static inline void fp_kinfo_read(const fp_kinfo *info, struct fp_proc *ret) {
    bool ended = (info->p_psflags & PS_ZOMBIE) || info->p_stat == SDEAD;
    *ret = (struct fp_proc){
        .pid = info->p_pid,
        .ppid = info->p_ppid,
        .pgrp = info->p__pgid,
        .session = info->p_sid,
        .state = ended                   ? 'Z'
                 : info->p_stat == SSTOP ? 'T'
                                         : 'R',
        .threads = 1,
        .start = fp_kinfo_ticks((int64_t)info->p_ustart_sec, info->p_ustart_usec),
    };
}

/* Before the texts stand pointers to them, into this very memory, and NULL. */
static inline size_t fp_kinfo_texts_begin(const char *texts, size_t size, bool environment) {
    size_t begin = 0;
    (void)environment;
    for (const char *word = texts; begin + sizeof word <= size && word; begin += sizeof word)
        word = *(const char *const *)(const void *)(texts + begin);
    return begin < size ? begin : size;
}

#endif
