#include "deliver.h"

#include <errno.h>
#include <sys/wait.h>

#include "busy.h"
#include "cancel.h"
#include "child.h"
#include "chld.h"
#include "pending.h"
#include "point.h"
#include "stash.h"
#include "sys.h"

#define ANY_STATE (WEXITED | WSTOPPED | WCONTINUED | WNOHANG | WNOWAIT | (int)__WALL)

static long send(const struct fp_signal *s) {
    switch (s->by) {
    case FP_BY_TGKILL:
        return fp_sys_tgkill(s->pid, s->tid, s->number);
    case FP_BY_QUEUE:
        return fp_sys_sigqueue(s->pid, s->number, s->user_info);
    case FP_BY_KILL:
    default:
        return fp_sys_kill(s->pid, s->number);
    }
}

/* Our child now, alive or zombie, whatever the table knows. */
static bool is_child(int idtype, long id) {
    siginfo_t info;
    return fp_sys_waitid(idtype, id, &info, ANY_STATE, NULL) == 0;
}

/*
 * Nothing pins the pid, so it is pinned for the moment of the signal: a pidfd that is proved to be
 * our child's. Where there are no pidfds, and for a signal to a single thread, the proof and the
 * signal are two calls (R4).
 */
static long send_verified(const struct fp_signal *s) {
    if (!is_child(P_PID, s->pid))
        return -ESRCH;
    int pidfd = s->by == FP_BY_TGKILL ? -1 : fp_sys_pidfd_open(s->pid, 0);
    if (pidfd < 0)
        return send(s);
    siginfo_t info;
    long proof = fp_sys_waitid(FP_P_PIDFD, pidfd, &info, ANY_STATE, NULL);
    long result =
        proof == -ECHILD ? -ESRCH : fp_sys_pidfd_send_signal(pidfd, s->number, s->user_info);
    if (result == -ENOSYS)
        result = send(s);
    (void)fp_sys_close(pidfd);
    return result;
}

struct killer {
    pid_t pid;
    _Atomic(fp_word) *word;
};

/*
 * The last killer of a zombie whose status has been given away reaps it. Also run when a handler
 * above the signal leaves by longjmp.
 */
static void leave(void *context) {
    const struct killer *killer = context;
    fp_word old = atomic_load(killer->word);
    bool last = false;
    fp_word next;
    do {
        if (fp_word_killers(old) == 0)
            break; // a handler has forked meanwhile, and we are its child
        last = fp_word_killers(old) == 1 && (old & FP_DEFER);
        next = old - FP_KILLER + (last ? FP_CLOSER : 0);
    } while (!atomic_compare_exchange_weak(killer->word, &old, next));
    fp_child_wake(killer->word, old);
    if (last)
        fp_stash_reap_deferred(killer->pid, killer->word);
    fp_busy_pop();
}

/* An unreaped child pins its own pid, and as long as we are counted nobody reaps it. */
static long send_counted(const struct fp_signal *s, _Atomic(fp_word) *word) {
    struct killer killer = {s->pid, word};
    struct fp_cleanup cleanup;
    fp_cleanup_push(&cleanup, leave, &killer);
    fp_point(FP_POINT_BEFORE_KILL);
    long result = send(s);
    fp_point(FP_POINT_AFTER_KILL);
    fp_cleanup_pop(&cleanup);
    leave(&killer);
    return result;
}

/* Nothing pins a child that the kernel reaps by itself (R13). */
static bool is_pinned(fp_word w) {
    return fp_word_n(w) > 0 && fp_word_closers(w) == 0 && !fp_chld_is_automatic();
}

long fp_deliver(const struct fp_signal *s, enum fp_stale stale) {
    _Atomic(fp_word) *word = fp_table_word(s->pid);
    if (!word)
        return send(s);
    fp_pending_settle();
    fp_word old = atomic_load(word);
    for (;;) {
        if (!(old & FP_EVER) && fp_word_n(old) == 0)
            return send(s);
        if (old & FP_STASH) // a zombie, as far as the program can tell
            return s->number >= 0 && s->number < _NSIG ? 0 : -EINVAL;
        if (old & FP_DEFER) // a zombie for the kernel only: the program has its status
            return -ESRCH;
        if (fp_word_n(old) <= 0 && stale == FP_STALE_ALLOW)
            return send(s);
        if (!is_pinned(old))
            return send_verified(s);
        fp_busy_push(s->pid);
        if (atomic_compare_exchange_weak(word, &old, old + FP_KILLER))
            return send_counted(s, word);
        fp_busy_pop();
    }
}
