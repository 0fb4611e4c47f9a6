/* kill, killpg, raise, sigqueue. */
#include "deliver.h"
#include "group.h"
#include "wrap.h"

static int deliver(const struct fp_signal *signal) {
    return (int)fp_wrap_result(fp_deliver(signal, fp_settings.options.stale));
}

/* Of the root, to itself: it may be its end. */
static void before(pid_t pid, int number) {
    if (pid == 0 || (pid > 0 && fp_group_root() == pid))
        fp_group_before_signal(number);
}

FP_WRAP(int, kill, (pid_t pid, int number)) {
    before(pid, number);
    return deliver(&(struct fp_signal){FP_BY_KILL, pid, 0, number, NULL});
}

/* As libc's own: a group is signalled by its negated id, which is never a single pid here; what it
 * makes of 0 and 1 differs. */
FP_WRAP(int, killpg, (pid_t group, int number)) {
    if (group <= 1)
        return FP_REAL(killpg)(group, number);
    before(-group, number);
    return deliver(&(struct fp_signal){FP_BY_KILL, -group, 0, number, NULL});
}

FP_WRAP(int, raise, (int number)) {
    fp_group_before_signal(number);
    return FP_REAL(raise)(number);
}

#if defined(__FreeBSD__) || defined(__NetBSD__)
FP_WRAP(int, sigqueue, (pid_t pid, int number, const union sigval value)) {
    siginfo_t info;
    memset(&info, 0, sizeof info);
    info.si_signo = number;
    info.si_code = SI_QUEUE;
    info.si_value = value;
    return deliver(&(struct fp_signal){FP_BY_QUEUE, pid, 0, number, &info});
}
#endif
