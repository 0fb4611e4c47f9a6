#include "stash.h"

#include <errno.h>

#include "busy.h"
#include "child.h"
#include "claim.h"
#include "pending.h"
#include "point.h"
#include "subreaper.h"
#include "sys.h"

static void code_of_status(int word, int *ret_code, int *ret_status) {
    if (WIFEXITED(word)) {
        *ret_code = CLD_EXITED;
        *ret_status = WEXITSTATUS(word);
    } else {
        *ret_code = word & 0x80 ? CLD_DUMPED : CLD_KILLED;
        *ret_status = WTERMSIG(word);
    }
}

/* By shifts: a division of 64 bits is a call of libgcc on 32-bit machines. */
static uint64_t packed(struct timeval time) {
    return (uint64_t)time.tv_sec << 20 | (uint64_t)time.tv_usec;
}

static struct timeval unpacked(uint64_t time) {
    return (struct timeval){(time_t)(time >> 20), (suseconds_t)(time & 0xfffff)};
}

static void put_remains(struct fp_remains *to, pid_t group, uid_t uid, const struct rusage *usage) {
    *to = (struct fp_remains){
        .uid = uid,
        .pgid = group,
        .user_time = packed(usage->ru_utime),
        .system_time = packed(usage->ru_stime),
        .max_rss = (uint64_t)usage->ru_maxrss,
        .minor_faults = (uint64_t)usage->ru_minflt,
        .major_faults = (uint64_t)usage->ru_majflt,
        .blocks_in = (uint64_t)usage->ru_inblock,
        .blocks_out = (uint64_t)usage->ru_oublock,
        .switches = (uint64_t)usage->ru_nvcsw,
        .preemptions = (uint64_t)usage->ru_nivcsw,
    };
}

static void get_event(struct fp_event *to, pid_t pid, int status, const struct fp_remains *from) {
    *to = (struct fp_event){.pid = pid, .uid = from->uid};
    code_of_status(status, &to->code, &to->status);
    to->usage.ru_utime = unpacked(from->user_time);
    to->usage.ru_stime = unpacked(from->system_time);
    to->usage.ru_maxrss = (long)from->max_rss;
    to->usage.ru_minflt = (long)from->minor_faults;
    to->usage.ru_majflt = (long)from->major_faults;
    to->usage.ru_inblock = (long)from->blocks_in;
    to->usage.ru_oublock = (long)from->blocks_out;
    to->usage.ru_nvcsw = (long)from->switches;
    to->usage.ru_nivcsw = (long)from->preemptions;
}

/* Whoever clears FP_STASH owns the status; what was read before counts only then. */
static bool take_one(pid_t pid, const struct fp_wanted *wanted, struct fp_event *ret_event) {
    _Atomic(fp_word) *word = fp_table_word(pid);
    const struct fp_remains *remains = word ? fp_table_remains(pid) : NULL;
    if (!remains)
        return false;
    for (bool unlisted = false;; unlisted = true) {
        fp_word old = atomic_load(word);
        if (!(old & FP_STASH) || fp_pending_claims(pid))
            return false;
        if (wanted->idtype == P_PGID && remains->pgid != wanted->id) {
            if (unlisted) // what was there before was wanted, and another was faster
                fp_set_add(FP_SET_STASHED, pid);
            return false;
        }
        get_event(ret_event, pid, fp_word_status(old), remains);
        if (wanted->options & WNOWAIT) {
            if (atomic_load(word) == old)
                return true;
        } else if (fp_child_exchange(pid, word, old, old & ~(fp_word)(FP_STASH | 0xffff))) {
            return true;
        }
    }
}

bool fp_stash_take(const struct fp_wanted *wanted, struct fp_event *ret_event) {
    const struct fp_table *table = fp_table();
    if (!table || atomic_load(&table->counts->stashed) <= 0)
        return false;
    bool clone_only = __WCLONE && (wanted->options & (int)(__WCLONE | __WALL)) == (int)__WCLONE;
    if (!(wanted->options & WEXITED) || clone_only)
        return false;
    switch (wanted->idtype) {
    case P_PID:
        return take_one((pid_t)wanted->id, wanted, ret_event);
    case P_ALL:
    case P_PGID:
        for (pid_t pid = 1; (pid = fp_set_next(FP_SET_STASHED, pid)); pid++)
            if (take_one(pid, wanted, ret_event))
                return true;
        return false;
    default: // by pidfd: such children are never stashed
        return false;
    }
}

/* The status most likely to be of no more use: the first one ahead of the newest pid. */
static void give_up_oldest(pid_t newest) {
    pid_t pid = fp_set_next(FP_SET_STASHED, newest + 1);
    if (!pid)
        pid = fp_set_next(FP_SET_STASHED, 1);
    struct fp_event unused;
    const struct fp_wanted wanted = {P_PID, pid, WEXITED};
    if (pid && take_one(pid, &wanted, &unused))
        atomic_fetch_add(&fp_table()->counts->lost, 1);
}

/* A wait has begun since: leaves the zombie to it, unless the status has been taken meanwhile. */
static bool unpublish(pid_t pid, _Atomic(fp_word) *word) {
    for (;;) {
        fp_word old = atomic_load(word);
        if (!(old & FP_STASH))
            return false;
        fp_word bare = old & ~(fp_word)(FP_STASH | FP_DEFER | FP_HIDDEN | 0xffff);
        if (fp_child_exchange(pid, word, old, bare - FP_CLOSER))
            return true;
    }
}

void fp_stash_reap_deferred(pid_t pid, _Atomic(fp_word) *word) {
    (void)fp_sys_wait4(pid, NULL, WNOHANG | (int)__WALL, NULL);
    fp_point(FP_POINT_AFTER_REAP);
    fp_claim_gone(pid, word);
}

/* A child of ours that nobody is busy with and whose pid nobody else pins. */
static bool may_stash(fp_word w) {
    return fp_word_n(w) == 1 && fp_word_killers(w) == 0 && fp_word_closers(w) == 0 &&
           !(w & (FP_DEFER | FP_STASH | FP_PIDFD));
}

/*
 * Moves the status of a zombie, seen while the word was `old`, into the stash. The caller is then
 * the closer who has to reap it; false when anybody else has been at the word.
 */
static bool publish(pid_t pid, _Atomic(fp_word) *word, fp_word old, const siginfo_t *info,
                    const struct rusage *usage) {
    struct fp_remains *remains = fp_table_remains(pid);
    pid_t group = fp_sys_getpgid(pid); // fails only where it is filtered
    if (!remains || group < 0 || !fp_child_exchange(pid, word, old, old + FP_CLOSER))
        return false;
    put_remains(remains, group, info->si_uid, usage);
    fp_word claimed = old + FP_CLOSER;
    fp_word status = (fp_word)fp_event_status(info->si_code, info->si_status);
    if (fp_child_stash(pid, word, claimed,
                       (claimed & ~(fp_word)0xffff) | status | FP_STASH | FP_DEFER))
        return true;
    fp_child_release(word);
    return false;
}

static void stash_if_zombie(pid_t pid) {
    struct fp_counts *counts = fp_table()->counts;
    _Atomic(fp_word) *word = fp_table_word(pid);
    fp_word old = atomic_load(word);
    if (!may_stash(old))
        return;
    siginfo_t info = {0};
    struct rusage usage = {0};
    long result = fp_sys_waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT, &usage);
    if (result == -ECHILD) // reaped by the kernel itself (SIGCHLD ignored) or behind our back
        (void)fp_child_exchange(pid, word, old, fp_word_gone(old, false));
    if (result < 0 || !info.si_pid)
        return;
    fp_busy_push();
    if (publish(pid, word, old, &info, &usage)) {
        fp_point(FP_POINT_STASH_PUBLISHED);
        // Either the waiter sees the stash or we see the waiter: both write first, then look (R5).
        if (atomic_load(&counts->waiters) == 0 || !unpublish(pid, word))
            fp_stash_reap_deferred(pid, word);
    }
    fp_busy_pop();
    if (atomic_load(&counts->stashed) > FP_STASH_MAX)
        give_up_oldest(pid);
}

void fp_stash_bound(unsigned bound) {
    const struct fp_table *table = fp_table();
    if (!table || bound == 0 || FP_HAS(zombies) == FP_NONE)
        return;
    struct fp_counts *counts = table->counts;
    int excess = atomic_load(&counts->children) - (int)bound;
    if (excess <= 0 || atomic_load(&counts->waiters) > 0 || fp_subreaper_is())
        return;
    // Live children are passed over at 0.3 µs each; more of them, more steps.
    unsigned steps = 4 + (unsigned)atomic_load(&counts->children) / 256;
    pid_t pid = (pid_t)atomic_load(&counts->hand);
    while (steps-- > 0 && atomic_load(&counts->children) > (int)bound) {
        pid = fp_set_next(FP_SET_CHILDREN, pid + 1);
        if (pid)
            stash_if_zombie(pid);
    }
    atomic_store(&counts->hand, (unsigned)pid);
}
