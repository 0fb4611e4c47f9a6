/* FreeBSD 13.1 and later. */
#ifndef FP_SYS_FREEBSD_CALLS_H
#define FP_SYS_FREEBSD_CALLS_H

#define FP_ABILITY(macos, freebsd, netbsd, openbsd) freebsd
#define FP_SYS_PRELOAD "LD_PRELOAD"
#define FP_SYS_STATUS_CONTINUED 0x13
#define FP_SYS_TRAPPED WTRAPPED /* which wait4 asks for by itself */
#define FP_SYS_WAITID_OPTIONS(wait4_options) ((wait4_options) | WTRAPPED)
#define FP_SYS_WAIT4_OPTIONS(waitid_options) ((waitid_options) & ~WTRAPPED)

#include "../bsd/ability.h"
#include "../bsd/calls.h"

#define _NSIG (_SIG_MAXSIG + 1)

extern char **environ __attribute__((weak));

static inline char **fp_sys_environ(void) {
    return &environ ? environ : NULL;
}

static inline long fp_sys_waitid(int idtype, long id, siginfo_t *info, int options,
                                 struct rusage *ret_usage) {
    struct __wrusage usage;
    siginfo_t found;
    int status;
    memset(&found, 0, sizeof found);
    memset(&usage, 0, sizeof usage);
    long result = FP_CALL(FP_REAL(wait6)((idtype_t)idtype, id, &status, options, &usage, &found));
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

static inline bool fp_sys_wipe_on_fork(void *at, size_t size) {
    return FP_CALL(minherit(at, size, INHERIT_ZERO)) == 0;
}

static inline long fp_sys_pipe2(int *user_ends, int flags) {
    return FP_CALL(FP_REAL(pipe2)(user_ends, flags));
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
