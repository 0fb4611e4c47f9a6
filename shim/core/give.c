#include "give.h"

#include <errno.h>
#include <stddef.h>

#include "sys.h"

static long give_usage(const struct fp_wait *wait, const struct fp_event *event) {
    struct fp_sys_run run = {wait->user_usage, &event->usage, sizeof event->usage};
    return wait->user_usage ? fp_sys_copy_out(&run, 1) : 0;
}

long fp_give_reap_wait4(const void *context, pid_t pid) {
    const struct fp_wait *wait = context;
    int options = WNOHANG | (wait->wanted.options & FP_CLONE_OPTIONS);
    long result = fp_sys_wait4(pid, wait->user_result, options, wait->user_usage);
    return result == -ECHILD ? 0 : result;
}

static bool is_gone(pid_t pid) {
    siginfo_t info;
    int options = WEXITED | WNOHANG | WNOWAIT | (int)__WALL;
    return fp_sys_waitid(P_PID, pid, &info, options, NULL) == -ECHILD;
}

/*
 * What the kernel has just written can be read; a bad pointer is found out after the reaping, or
 * after a stop was taken.
 */
long fp_give_wait_at_once(const void *context, pid_t pid, bool *ret_ended) {
    const struct fp_wait *wait = context;
    int own = 0;
    int *status = wait->user_result ? wait->user_result : &own;
    int options = FP_SYS_WAIT4_OPTIONS(wait->wanted.options & ~WEXITED) | WNOHANG;
    long result = fp_sys_wait4(pid, status, options, wait->user_usage);
    if (result == -EFAULT)
        *ret_ended = is_gone(pid);
    else
        *ret_ended = result > 0 && (WIFEXITED(*status) || WIFSIGNALED(*status));
    return result;
}

long fp_give_wait4(const struct fp_wait *wait, const struct fp_event *event) {
    if (!event->pid)
        return 0;
    int status = fp_event_status(event->code, event->status);
    struct fp_sys_run run = {wait->user_result, &status, sizeof status};
    if (wait->user_result && fp_sys_copy_out(&run, 1) < 0)
        return -EFAULT;
    long result = give_usage(wait, event);
    return result < 0 ? result : event->pid;
}

/* The fields that the kernel writes, in the two runs in which they stand; the rest stays. */
long fp_give_waitid(const struct fp_wait *wait, const struct fp_event *event) {
    bool any = event->pid != 0;
    siginfo_t info;
    info.si_signo = any ? SIGCHLD : 0;
    info.si_errno = 0;
    info.si_code = any ? event->code : 0;
    info.si_pid = event->pid;
    info.si_uid = any ? event->uid : 0;
    info.si_status = any ? event->status : 0;
    char *to = wait->user_result;
    const char *from = (const char *)&info;
    size_t tail = offsetof(siginfo_t, si_pid);
    struct fp_sys_run runs[] = {
        {to, from, offsetof(siginfo_t, si_code) + sizeof info.si_code},
        {to + tail, from + tail, offsetof(siginfo_t, si_status) + sizeof info.si_status - tail},
    };
    // As the kernel: usage first, and a NULL result is fine.
    if (any && give_usage(wait, event) < 0)
        return -EFAULT;
    return to ? fp_sys_copy_out(runs, 2) : 0;
}

long fp_give_reap_waitid(const void *context, pid_t pid) {
    const struct fp_wait *wait = context;
    siginfo_t info;
    struct fp_event event;
    int options = WEXITED | WNOHANG | (wait->wanted.options & FP_CLONE_OPTIONS);
    info.si_pid = 0;
    long result = fp_sys_waitid(P_PID, pid, &info, options, &event.usage);
    if (result == -ECHILD || info.si_pid == 0)
        return 0;
    fp_event_set(&event, &info, &event.usage);
    return fp_give_waitid(wait, &event) < 0 ? -EFAULT : pid;
}
