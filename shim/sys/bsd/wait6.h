/* waitid by wait6, which tells of usage; signals are queued and taken as POSIX has it. */
#ifndef FP_SYS_BSD_WAIT6_H
#define FP_SYS_BSD_WAIT6_H

static inline long fp_sys_waitid(int idtype, long id, siginfo_t *info, int options,
                                 struct rusage *ret_usage) {
    FP_SYS_WRUSAGE usage;
    siginfo_t found;
    int status;
    memset(&found, 0, sizeof found);
    memset(&usage, 0, sizeof usage);
    long result =
        FP_CALL(FP_REAL(wait6)((idtype_t)idtype, (id_t)id, &status, options, &usage, &found));
    if (result < 0)
        return result;
    if (result == 0)
        memset(&found, 0, sizeof found);
    if (info)
        *info = found;
    if (ret_usage)
        *ret_usage = usage.wru_self;
    return 0;
}

static inline long fp_sys_sigqueue(pid_t pid, int signal, const siginfo_t *info) {
    return info->si_code == SI_QUEUE ? FP_CALL(FP_REAL(sigqueue)(pid, signal, info->si_value))
                                     : -EPERM;
}

static inline void fp_sys_sigtake(const uint64_t *bits) {
    sigset_t set = fp_sys_set_of(*bits);
    struct timespec at_once = {0, 0};
    (void)FP_CALL(sigtimedwait(&set, NULL, &at_once));
}

#endif
