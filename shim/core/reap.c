#include "reap.h"

#include <errno.h>
#include <limits.h>

#include "cancel.h"
#include "child.h"
#include "point.h"
#include "stash.h"
#include "sys.h"

#define CLONE_OPTIONS ((int)(__WALL | __WCLONE | __WNOTHREAD))
#define WAIT4_OPTIONS (WNOHANG | WUNTRACED | WCONTINUED | CLONE_OPTIONS)
#define WAITID_EVENTS (WEXITED | WSTOPPED | WCONTINUED)
#define WAITID_OPTIONS (WNOHANG | WNOWAIT | WAITID_EVENTS | CLONE_OPTIONS)

/* Not an errno: what was seen is gone or is somebody else's, look again. */
#define LOST (-4096L)

/*
 * A wait in progress. The two system calls differ only in how they hand over what was found:
 * `reap` has the kernel do it while it reaps pid for good, `give` does it from an event that the
 * kernel no longer holds. Both answer what the call answers; reap answers 0 when pid was lost.
 */
struct wait {
    struct fp_wanted wanted;
    long (*reap)(const struct wait *, pid_t pid);
    long (*give)(const struct wait *, const struct fp_event *);
    void *user_result; /* int * of wait4, siginfo_t * of waitid */
    struct rusage *user_usage;
};

/* --- handing over: wait4 --- */

static long reap_wait4(const struct wait *wait, pid_t pid) {
    int options = WNOHANG | (wait->wanted.options & CLONE_OPTIONS);
    long result = fp_sys_wait4(pid, wait->user_result, options, wait->user_usage);
    return result == -ECHILD ? 0 : result;
}

static long give_usage(const struct wait *wait, const struct fp_event *event) {
    return wait->user_usage ? fp_sys_copy_out(wait->user_usage, &event->usage, sizeof event->usage)
                            : 0;
}

static long give_wait4(const struct wait *wait, const struct fp_event *event) {
    int status = fp_event_status(event->code, event->status);
    if (!event->pid)
        return 0;
    if (wait->user_result && fp_sys_copy_out(wait->user_result, &status, sizeof status) < 0)
        return -EFAULT;
    long result = give_usage(wait, event);
    return result < 0 ? result : event->pid;
}

/* --- handing over: waitid --- */

static long reap_waitid(const struct wait *wait, pid_t pid) {
    siginfo_t own = {0};
    siginfo_t *info = wait->user_result ? wait->user_result : &own;
    int options = WEXITED | WNOHANG | (wait->wanted.options & CLONE_OPTIONS);
    long result = fp_sys_waitid(P_PID, pid, info, options, wait->user_usage);
    if (result == -ECHILD)
        return 0;
    return result < 0 ? result
                      : pid; // a zombie that is ours cannot be "not yet": closers see to it
}

/* The fields that the kernel writes, in the two runs in which they stand; the rest stays. */
static long give_waitid(const struct wait *wait, const struct fp_event *event) {
    siginfo_t info = {0};
    info.si_signo = event->pid ? SIGCHLD : 0;
    info.si_code = event->code;
    info.si_pid = event->pid;
    info.si_uid = event->uid;
    info.si_status = event->status;
    char *to = wait->user_result;
    size_t head = offsetof(siginfo_t, si_code) + sizeof info.si_code;
    size_t tail = offsetof(siginfo_t, si_pid);
    size_t tail_size = offsetof(siginfo_t, si_status) + sizeof info.si_status - tail;
    if (to && (fp_sys_copy_out(to, &info, head) < 0 ||
               fp_sys_copy_out(to + tail, (const char *)&info + tail, tail_size) < 0))
        return -EFAULT;
    return event->pid ? give_usage(wait, event) : 0;
}

/* --- looking --- */

static void waiter_leaves(void *unused) {
    (void)unused;
    struct fp_table *table = fp_table();
    if (table)
        atomic_fetch_sub(&table->counts->waiters, 1);
}

static void nothing_held(void *unused) {
    (void)unused;
}

static long peek(const struct fp_wanted *wanted, siginfo_t *ret_info, struct rusage *ret_usage) {
    ret_info->si_pid = 0;
    return fp_sys_waitid(wanted->idtype, wanted->id, ret_info, wanted->options | WNOWAIT,
                         ret_usage);
}

/*
 * Blocks until the kernel has something, taking nothing. A waiter for any child is announced before
 * it looks at the stash for the last time, so that no status slips into the stash behind it (R5).
 */
static long peek_blocking(const struct fp_wanted *wanted, siginfo_t *ret_info,
                          struct rusage *ret_usage, bool *ret_stashed) {
    struct fp_table *table = fp_table();
    bool announced = table && wanted->idtype != P_PID;
    struct fp_cleanup cleanup;
    if (announced)
        atomic_fetch_add(&table->counts->waiters, 1);
    int type = fp_cancel_open(&cleanup, announced ? waiter_leaves : nothing_held);
    fp_point(FP_POINT_BEFORE_BLOCK);
    *ret_stashed =
        announced && atomic_load(&table->counts->stashed) > 0 &&
        fp_stash_take(&(struct fp_wanted){wanted->idtype, wanted->id, wanted->options | WNOWAIT},
                      &(struct fp_event){0});
    long result = *ret_stashed ? 0 : peek(wanted, ret_info, ret_usage);
    fp_cancel_close(&cleanup, type);
    if (announced)
        waiter_leaves(NULL);
    return result;
}

static bool same_group(const struct fp_wanted *wanted, pid_t pid) {
    if (wanted->idtype != P_PGID)
        return true;
    return fp_sys_getpgid(pid) == (pid_t)wanted->id;
}

/*
 * The kernel keeps showing us a zombie that has been given away already (R6): looks at our children
 * one by one instead. Answers as peek; LOST when there is nothing now and a child still lives.
 */
static long peek_past_deferred(const struct fp_wanted *wanted, siginfo_t *ret_info,
                               struct rusage *ret_usage) {
    for (pid_t pid = 1; (pid = fp_set_next(FP_SET_CHILDREN, pid)); pid++) {
        if (!fp_word_is_child(atomic_load(fp_table_word(pid))) || !same_group(wanted, pid))
            continue;
        const struct fp_wanted one = {P_PID, pid, wanted->options | WNOHANG};
        if (peek(&one, ret_info, ret_usage) == 0 && ret_info->si_pid)
            return 0;
    }
    // Without WEXITED zombies do not count: is anybody left who may still change?
    siginfo_t info = {0};
    int options = WSTOPPED | WNOHANG | WNOWAIT | (wanted->options & CLONE_OPTIONS);
    ret_info->si_pid = 0;
    return fp_sys_waitid(wanted->idtype, wanted->id, &info, options, NULL) == -ECHILD ? -ECHILD
                                                                                      : LOST;
}

/* --- taking --- */

static void event_of(struct fp_event *to, const siginfo_t *info, const struct rusage *usage) {
    *to = (struct fp_event){info->si_pid, info->si_uid, info->si_code, info->si_status, *usage};
}

static long take_stop(const struct wait *wait, const siginfo_t *seen) {
    int which = seen->si_code == CLD_CONTINUED ? WCONTINUED : WSTOPPED;
    int options = which | WNOHANG | (wait->wanted.options & (CLONE_OPTIONS | WNOWAIT));
    siginfo_t info = {0};
    struct rusage usage = {0};
    struct fp_event event;
    if (fp_sys_waitid(P_PID, seen->si_pid, &info, options, &usage) < 0 || !info.si_pid)
        return LOST;
    event_of(&event, &info, &usage);
    return wait->give(wait, &event);
}

/*
 * Takes the zombie that was seen: reaps it, or, while a thread is about to signal it, takes only
 * its status and leaves the reaping to the last such thread (R2, R3). LOST: somebody else has it.
 */
static long take_zombie(const struct wait *wait, const siginfo_t *seen,
                        const struct rusage *usage) {
    pid_t pid = seen->si_pid;
    struct fp_event event;
    event_of(&event, seen, usage);
    if (wait->wanted.options & WNOWAIT)
        return wait->give(wait, &event);
    _Atomic(fp_word) *word = fp_table_word(pid);
    if (!word) {
        long result = wait->reap(wait, pid);
        return result == 0 ? LOST : result;
    }
    fp_word old = atomic_load(word);
    for (;;) {
        if (old & FP_DEFER)
            return LOST;
        bool busy = fp_word_killers(old) > 0;
        fp_word next = busy ? old | FP_DEFER : old + FP_CLOSER;
        if (!atomic_compare_exchange_strong(word, &old, next))
            continue;
        if (busy)
            return wait->give(wait, &event);
        break;
    }
    fp_point(FP_POINT_BEFORE_REAP);
    long result = wait->reap(wait, pid);
    fp_point(FP_POINT_AFTER_REAP);
    if (result == 0) {
        fp_child_release(word);
        return LOST;
    }
    fp_child_gone(pid, word, 1); // a bad user pointer is found out only after the reaping
    return result;
}

static bool is_end(int code) {
    return code == CLD_EXITED || code == CLD_KILLED || code == CLD_DUMPED;
}

/* The zombie seen has no status any more, and the stash has not got it either. */
static bool is_deferred(const siginfo_t *info) {
    _Atomic(fp_word) *word = is_end(info->si_code) ? fp_table_word(info->si_pid) : NULL;
    fp_word w = word ? atomic_load(word) : 0;
    while ((w & FP_DEFER) && !(w & FP_STASH))
        if (atomic_compare_exchange_strong(word, &w, w | FP_HIDDEN))
            return true;
    return false;
}

static bool stash_may_have(void) {
    const struct fp_table *table = fp_table();
    return table && atomic_load(&table->counts->stashed) > 0;
}

/* One round: what the call answers, or LOST. */
static long wait_once(const struct wait *wait) {
    const struct fp_wanted *wanted = &wait->wanted;
    struct fp_event event;
    siginfo_t info = {0};
    struct rusage usage = {0};
    bool stashed = false;
    if (fp_stash_take(wanted, &event))
        return wait->give(wait, &event);
    long result = wanted->options & WNOHANG ? peek(wanted, &info, &usage)
                                            : peek_blocking(wanted, &info, &usage, &stashed);
    fp_point(FP_POINT_AFTER_PEEK);
    if (stashed)
        return LOST;
    if (result == 0 && info.si_pid && is_deferred(&info)) {
        if (wanted->idtype == P_PID || wanted->idtype == FP_P_PIDFD)
            return -ECHILD;
        result = peek_past_deferred(wanted, &info, &usage);
        if (result == LOST && !(wanted->options & WNOHANG)) {
            fp_sys_nap(100000);
            return LOST;
        }
        if (result == LOST)
            result = 0;
    }
    if (result < 0 || !info.si_pid) {
        // What was a zombie at the beginning may have gone into the stash since (R5).
        if ((result == 0 || result == -ECHILD) && stash_may_have() && fp_stash_take(wanted, &event))
            return wait->give(wait, &event);
        return result < 0 ? result : wait->give(wait, &(struct fp_event){0});
    }
    return is_end(info.si_code) ? take_zombie(wait, &info, &usage) : take_stop(wait, &info);
}

static long wait_until(const struct wait *wait) {
    long result;
    if (wait->wanted.options & WNOHANG)
        fp_cancel_test();
    do {
        result = wait_once(wait);
    } while (result == LOST);
    return result;
}

long fp_reap_wait4(pid_t pid, int *user_status, int options, struct rusage *user_usage) {
    if ((options & ~WAIT4_OPTIONS) || pid == INT_MIN)
        return fp_sys_wait4(pid, user_status, options, user_usage);
    struct wait wait = {
        .wanted = {P_PID, pid, options | WEXITED},
        .reap = reap_wait4,
        .give = give_wait4,
        .user_result = user_status,
        .user_usage = user_usage,
    };
    if (pid <= 0) {
        wait.wanted.idtype = pid == -1 ? P_ALL : P_PGID;
        wait.wanted.id = pid == -1 ? 0 : pid == 0 ? fp_sys_getpgid(0) : -(long)pid;
    }
    return wait_until(&wait);
}

long fp_reap_waitid(int idtype, long id, siginfo_t *user_info, int options,
                    struct rusage *user_usage) {
    if ((options & ~WAITID_OPTIONS) || !(options & WAITID_EVENTS))
        return fp_sys_waitid(idtype, id, user_info, options, user_usage);
    struct wait wait = {
        .wanted = {idtype, idtype == P_PGID && id == 0 ? fp_sys_getpgid(0) : id, options},
        .reap = reap_waitid,
        .give = give_waitid,
        .user_result = user_info,
        .user_usage = user_usage,
    };
    long result = wait_until(&wait);
    return result > 0 ? 0 : result;
}
