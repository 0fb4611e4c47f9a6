/* wait, waitpid, wait3, wait4, waitid, wait6. */
#include "event.h"
#include "reap.h"
#include "wrap.h"

FP_WRAP(pid_t, wait, (int *status)) {
    return (pid_t)fp_wrap_result(fp_reap_wait4(-1, status, 0, NULL));
}

FP_WRAP(pid_t, waitpid, (pid_t pid, int *status, int options)) {
    return (pid_t)fp_wrap_result(fp_reap_wait4(pid, status, options, NULL));
}

FP_WRAP(pid_t, wait3, (int *status, int options, struct rusage *usage)) {
    return (pid_t)fp_wrap_result(fp_reap_wait4(-1, status, options, usage));
}

FP_WRAP(pid_t, wait4, (pid_t pid, int *status, int options, struct rusage *usage)) {
    return (pid_t)fp_wrap_result(fp_reap_wait4(pid, status, options, usage));
}

FP_WRAP(int, waitid, (idtype_t type, id_t id, siginfo_t *info, int options)) {
    return (int)fp_wrap_result(fp_reap_waitid((int)type, (long)id, info, options, NULL));
}

#if defined(__FreeBSD__) || defined(__NetBSD__)
#if defined(__FreeBSD__)
#define WRUSAGE struct __wrusage
#else
#define WRUSAGE struct wrusage
#endif

static bool tell(void *user_to, const void *from, size_t size) {
    return !user_to || fp_sys_copy_out(&(struct fp_sys_run){user_to, from, size}, 1) == 0;
}

/* By waitid, which tells all but the usage of the child's own children: that is zero. */
static pid_t wait_told(int type, long id, int *user_status, int options, WRUSAGE *user_usage,
                       siginfo_t *user_info) {
    siginfo_t info;
    WRUSAGE usage;
    memset(&info, 0, sizeof info);
    memset(&usage, 0, sizeof usage);
    long result = fp_reap_waitid(type, id, &info, options, &usage.wru_self);
    if (result < 0)
        return (pid_t)fp_wrap_result(result);
    int status = info.si_pid ? fp_event_status(info.si_code, info.si_status) : 0;
    bool told = (!info.si_pid || tell(user_status, &status, sizeof status)) &&
                tell(user_usage, &usage, sizeof usage) && tell(user_info, &info, sizeof info);
    return (pid_t)fp_wrap_result(told ? info.si_pid : -EFAULT);
}

/* Of a system's other kinds of ids the core knows nothing. */
FP_WRAP(pid_t, wait6,
        (idtype_t type, id_t id, int *status, int options, WRUSAGE *usage, siginfo_t *info)) {
    if (type != P_PID && type != P_PGID && type != P_ALL)
        return FP_REAL(wait6)(type, id, status, options, usage, info);
    return wait_told((int)type, (long)id, status, options, usage, info);
}
#endif
