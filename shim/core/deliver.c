#include "deliver.h"

#include <errno.h>
#include <sys/wait.h>

#include "busy.h"
#include "cancel.h"
#include "child.h"
#include "chld.h"
#include "confine.h"
#include "ledger.h"
#include "pending.h"
#include "point.h"
#include "proc.h"
#include "say.h"
#include "stash.h"
#include "sys.h"
#include "tree.h"

#define ANY_STATE (WEXITED | WSTOPPED | WCONTINUED | WNOHANG | WNOWAIT | (int)__WALL)

static long send(const struct fp_signal *s) {
    switch (s->by) {
    case FP_BY_TGKILL:
        return fp_sys_tgkill(s->pid, s->to, s->number);
    case FP_BY_QUEUE:
        return fp_sys_sigqueue(s->pid, s->number, s->user_info);
    case FP_BY_PIDFD:
        return fp_sys_pidfd_send_signal(s->to, s->number, s->user_info);
    case FP_BY_KILL:
    default:
        return fp_sys_kill(s->pid, s->number);
    }
}

/* To a child of ours, and with kill=tree to what it has started. */
static long send_to_child(const struct fp_signal *s) {
    return fp_tree_is_wanted(s->number) ? fp_tree_send(s, send) : send(s);
}

/* Our child now, alive or zombie; `known` is what the table says, where waitid is filtered. */
static bool is_child(int idtype, long id, bool known) {
    siginfo_t info;
    long result = fp_sys_waitid(idtype, id, &info, ANY_STATE, NULL);
    return result == -EPERM || result == -ENOSYS ? known : result == 0;
}

static const char *name_of(enum fp_by by) {
    return by == FP_BY_TGKILL ? "tgkill" : by == FP_BY_QUEUE ? "sigqueue" : "kill";
}

/* Out of line: its pieces would make the frame of every kill larger. */
__attribute__((noinline, cold)) static void say_refused(const struct fp_signal *s,
                                                        const char *why) {
    bool to_thread = s->by == FP_BY_TGKILL;
    fp_say(fp_self(), fp_words(": "), fp_words(name_of(s->by)), fp_words("("), fp_number(s->pid),
           fp_words(", "), to_thread ? fp_number(s->to) : fp_words(""),
           fp_words(to_thread ? ", " : ""), fp_number(s->number), fp_words("): "),
           fp_number(s->pid), fp_words(why));
}

/*
 * What the kernel answers for a pid that nobody has: some arguments it looks at before. But a vfork
 * child has its parent's table, where its own number may be that of a former sibling.
 */
static long send_to_nobody(const struct fp_signal *s) {
    struct fp_signal nobody = *s;
    nobody.pid = FP_PID_MAX;
    if (s->pid == fp_sys_getpid())
        return send(s);
    return s->by == FP_BY_KILL || s->by == FP_BY_PIDFD ? -ESRCH : send(&nobody);
}

/* To a zombie, as far as the program can tell. */
static long send_to_stashed(const struct fp_signal *s) {
    long result = send_to_nobody(s);
    if (result != -ESRCH || (s->by == FP_BY_TGKILL && s->to != s->pid))
        return result;
    return s->number >= 0 && s->number < _NSIG ? 0 : -EINVAL;
}

static bool is_told(enum fp_stale stale) {
    return stale == FP_STALE_REPORT || fp_settings.options.verbose;
}

static long refuse(const struct fp_signal *s, enum fp_stale stale) {
    long result = send_to_nobody(s);
    if (result == -ESRCH && is_told(stale))
        say_refused(s, " was a child and has been reaped: not sent");
    return result;
}

/*
 * The number of a process that another one in the run has started. Whoever has it now is looked at,
 * with a pidfd held: a stranger that got it is none of the program's business (R24).
 */
__attribute__((noinline, cold)) static long send_to_former(const struct fp_signal *s,
                                                           enum fp_stale stale) {
    long result = fp_confine_send_inside(s, send);
    if (result == -ESRCH && is_told(stale) && fp_sys_kill(s->pid, 0) != -ESRCH)
        say_refused(s, " was a process of this run and is somebody else's now: not sent");
    return result;
}

/* To whoever has the number; with confine=on only inside the run. */
static long send_outward(const struct fp_signal *s, enum fp_stale stale) {
    if (fp_confine_is_on(s->number))
        return fp_confine_send(s, send);
    if (s->pid > 0 && stale != FP_STALE_ALLOW && s->by != FP_BY_PIDFD && fp_ledger_has(s->pid))
        return send_to_former(s, stale);
    return send(s);
}

/* Proof and signal are two calls: where the number can go to a stranger in between (R4). */
static long send_by_number(const struct fp_signal *s, enum fp_stale stale, bool known) {
    return is_child(P_PID, s->pid, known) ? send_to_child(s) : refuse(s, stale);
}

static long send_to_process(const struct fp_signal *s, int pidfd, enum fp_stale stale) {
    siginfo_t info;
    long proof = fp_sys_waitid(FP_P_PIDFD, pidfd, &info, ANY_STATE, NULL);
    // rt_sigqueueinfo puts the signal's number into the siginfo; the call for pidfds demands it
    // there.
    bool queued = s->by == FP_BY_QUEUE;
    if (queued && proof != -ECHILD && fp_sys_copy_in(&info, s->user_info, sizeof info) < 0)
        return send(s); // the kernel's to refuse
    info.si_signo = s->number;
    const struct fp_signal held = {FP_BY_PIDFD, s->pid, pidfd, s->number, queued ? &info : NULL};
    fp_point(FP_POINT_PROVED);
    return proof == -ECHILD ? refuse(s, stale) : send_to_child(&held);
}

/*
 * What tgkill says of the two numbers is said of our child, if that is still there afterwards. A
 * pidfd that was opened before is then of that thread, or of one that has ended. EINVAL: no pidfds
 * of threads (before 6.9).
 */
static long send_to_thread(const struct fp_signal *s, int pidfd, enum fp_stale stale) {
    int thread = fp_sys_pidfd_open(s->to, FP_PIDFD_THREAD);
    if (thread < 0)
        return thread == -ESRCH ? -ESRCH : -EINVAL;
    siginfo_t info;
    long there = fp_sys_tgkill(s->pid, s->to, 0);
    long proof = fp_sys_waitid(FP_P_PIDFD, pidfd, &info, ANY_STATE, NULL);
    fp_point(FP_POINT_PROVED);
    const struct fp_signal held = {FP_BY_PIDFD, s->pid, thread, s->number, NULL};
    long result = proof == -ECHILD ? refuse(s, stale) : there == 0 ? send_to_child(&held) : there;
    (void)fp_sys_close(thread);
    return result;
}

/*
 * Nothing pins the pid, so it is pinned for the moment of the signal: a pidfd that is proved to be
 * our child's, and for a signal to a single thread one of that thread, too.
 */
static long send_verified(const struct fp_signal *s, enum fp_stale stale, bool known) {
    if (!is_child(P_PID, s->pid, known))
        return refuse(s, stale);
    fp_point(FP_POINT_BEFORE_PIDFD);
    int pidfd = fp_sys_pidfd_open(s->pid, 0);
    if (pidfd < 0)
        return send_to_child(s);
    bool to_thread = s->by == FP_BY_TGKILL;
    long result = to_thread ? send_to_thread(s, pidfd, stale) : send_to_process(s, pidfd, stale);
    // Filtered, or indeed forbidden; or no pidfd of the thread to be had.
    if (result == -ENOSYS || result == -EPERM || (to_thread && result == -EINVAL))
        result = send_by_number(s, stale, known);
    (void)fp_sys_close(pidfd);
    return result;
}

/* Nothing is known of the pid; with kill=tree it may be a child from before an exec. */
static long send_unknown(const struct fp_signal *s, enum fp_stale stale) {
    bool is_ours = fp_tree_is_wanted(s->number) && s->pid > 0 && is_child(P_PID, s->pid, false);
    return is_ours ? send_verified(s, stale, false) : send_outward(s, stale);
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
    long result = send_to_child(s);
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
        return send_unknown(s, stale);
    fp_pending_settle();
    fp_word old = atomic_load(word);
    for (;;) {
        if (!(old & FP_EVER) && fp_word_n(old) == 0)
            return send_unknown(s, stale);
        if (old & FP_STASH)
            return send_to_stashed(s);
        if (old & FP_DEFER) // a zombie for the kernel only: the program has its status
            return refuse(s, stale);
        if (fp_word_n(old) <= 0 && stale == FP_STALE_ALLOW)
            return send_outward(s, stale);
        if (!is_pinned(old))
            return send_verified(s, stale, fp_word_n(old) > 0);
        fp_busy_push();
        if (atomic_compare_exchange_weak(word, &old, old + FP_KILLER))
            return send_counted(s, word);
        fp_busy_pop();
    }
}

/*
 * The pidfd may be a directory of /proc, or of a process that has none any more: who cannot be told
 * must not be reached. Flags that make it a signal to others are refused as older kernels do.
 */
static long send_held_inside(int pidfd, int number, const siginfo_t *user_info, unsigned flags) {
    const struct fp_signal held = {FP_BY_PIDFD, fp_proc_of_pidfd(pidfd), pidfd, number, user_info};
    long probe = fp_sys_pidfd_send_signal(pidfd, 0, NULL);
    if (flags)
        return -EINVAL;
    if (probe < 0 && probe != -EPERM)
        return probe;
    return held.pid > 0 ? fp_confine_send(&held, send) : -EPERM;
}

long fp_deliver_held(int pidfd, int number, const siginfo_t *user_info, unsigned flags) {
    bool is_plain = !user_info && !flags;
    bool is_ours = is_plain && fp_tree_is_wanted(number) && is_child(FP_P_PIDFD, pidfd, false);
    pid_t pid = is_ours && fp_proc_is_ours() ? fp_proc_of_pidfd(pidfd) : 0;
    if (pid == 0 && fp_confine_is_on(number))
        return send_held_inside(pidfd, number, user_info, flags);
    if (pid == 0)
        return fp_sys_pidfd_send_signal_as(pidfd, number, user_info, flags);
    const struct fp_signal signal = {FP_BY_PIDFD, pid, pidfd, number, NULL};
    return fp_deliver(&signal, FP_STALE_DENY);
}
