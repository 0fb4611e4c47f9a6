/* kill, killpg, tgkill, raise, sigqueue. */
#include <link.h>
#include <signal.h>
#include <stdbool.h>

#include "deliver.h"
#include "group.h"
#include "note.h"
#include "settings.h"
#include "symbol.h"
#include "sys.h"
#include "wrap.h"

static int deliver(struct fp_note *note, enum fp_audit_killed how, const struct fp_signal *signal) {
    fp_note_signal_begin(note, how, signal->pid, signal->number);
    long result = fp_deliver(signal, fp_settings.options.stale);
    fp_note_signal_end(note, how, signal->pid, signal->number, result);
    return (int)fp_wrap_result(result);
}

/* Not the end of a namespace's init: the kernel drops what that sends itself. */
static void before_own(int number) {
    if (fp_sys_getpid() != 1)
        fp_group_before_signal(number);
}

/* Of the root, to itself: it may be its end. */
static void before(pid_t pid, int number) {
    if ((pid == 0 || fp_group_root() == pid) && pid >= 0)
        before_own(number);
}

FP_EXPORT int kill(pid_t pid, int number) {
    FP_NOTE(note);
    before(pid, number);
    return deliver(&note, FP_KILLED_KILL, &(struct fp_signal){FP_BY_KILL, pid, 0, number, NULL});
}

/* As libc's own: a group is signalled by its negated id, which is never a single pid here. */
FP_EXPORT int killpg(pid_t group, int number) {
    FP_NOTE(note);
    if (group < 0) {
        fp_note_signal_end(&note, FP_KILLED_KILLPG, group, number, -EINVAL);
        return (int)fp_wrap_result(-EINVAL);
    }
    before(-group, number);
    return deliver(&note, FP_KILLED_KILLPG,
                   &(struct fp_signal){FP_BY_KILL, -group, 0, number, NULL});
}

int tgkill(pid_t pid, pid_t tid, int number);

/* A thread that is not there ends nobody. */
static int to_thread(pid_t pid, pid_t tid, int number) {
    FP_NOTE(note);
    if (pid == fp_group_root() && fp_sys_tgkill(pid, tid, 0) == 0)
        before_own(number);
    return deliver(&note, FP_KILLED_TGKILL,
                   &(struct fp_signal){FP_BY_TGKILL, pid, tid, number, NULL});
}

FP_EXPORT_IF_IN_LIBC(tgkill, to_thread); // glibc 2.30

extern struct r_debug _r_debug __attribute__((weak)); // glibc has it

/* glibc's raise refuses the two signals that are its own; musl's sends them. */
static bool is_refused(int number) {
    return &_r_debug && (number == 32 || number == 33);
}

FP_EXPORT int raise(int number) {
    FP_NOTE(note);
    __typeof__(&raise) next = FP_NEXT(raise);
    pid_t self = FP_AUDIT ? fp_sys_getpid() : 0;
    if (!is_refused(number))
        before_own(number);
    fp_note_signal_begin(&note, FP_KILLED_RAISE, self, number);
    int result = next ? next(number) : (int)fp_wrap_result(-ENOSYS);
    fp_note_signal_end(&note, FP_KILLED_RAISE, self, number, fp_note_result(result));
    return result;
}

FP_EXPORT int sigqueue(pid_t pid, int number, const union sigval value) {
    FP_NOTE(note);
    siginfo_t info = {0};
    info.si_signo = number;
    info.si_code = SI_QUEUE;
    info.si_pid = fp_sys_getpid();
    info.si_uid = fp_sys_getuid();
    info.si_value = value;
    return deliver(&note, FP_KILLED_SIGQUEUE,
                   &(struct fp_signal){FP_BY_QUEUE, pid, 0, number, &info});
}
