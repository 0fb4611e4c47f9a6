/* waitid where there is no wait6: it tells no usage, and nobody can queue a signal. */
#ifndef FP_SYS_BSD_WAITID_H
#define FP_SYS_BSD_WAITID_H

/* What is not written when nothing was found is zero. */
static inline long fp_sys_waitid(int idtype, long id, siginfo_t *info, int options,
                                 struct rusage *ret_usage) {
    siginfo_t found;
    memset(&found, 0, sizeof found);
    long result = FP_CALL(FP_REAL(waitid)((idtype_t)idtype, (id_t)id, &found, options));
    if (result < 0)
        return result;
    if (info)
        *info = found;
    if (ret_usage)
        memset(ret_usage, 0, sizeof *ret_usage);
    return 0;
}

static inline long fp_sys_sigqueue(pid_t pid, int signal, const siginfo_t *info) {
    (void)pid, (void)signal, (void)info;
    return -ENOSYS;
}

#endif
