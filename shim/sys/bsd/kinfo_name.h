/* By which names NetBSD and OpenBSD tell of processes. Before: fp_kinfo, FP_KERN_PROC. */
#ifndef FP_SYS_BSD_KINFO_NAME_H
#define FP_SYS_BSD_KINFO_NAME_H

/* One process, or with 0 all of them. Returns how many words it has. count: entries of room. */
static inline unsigned fp_kinfo_name(int name[static 6], pid_t pid, size_t count) {
    name[0] = CTL_KERN;
    name[1] = FP_KERN_PROC;
    name[2] = pid ? KERN_PROC_PID : KERN_PROC_ALL;
    name[3] = (int)pid;
    name[4] = (int)sizeof(fp_kinfo);
    name[5] = (int)count;
    return 6;
}

static inline unsigned fp_kinfo_texts_name(int name[static 6], pid_t pid, bool environment) {
    name[0] = CTL_KERN;
    name[1] = KERN_PROC_ARGS;
    name[2] = (int)pid;
    name[3] = environment ? KERN_PROC_ENV : KERN_PROC_ARGV;
    return 4;
}

#endif
