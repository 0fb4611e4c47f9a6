#include "child.h"

#include <errno.h>

#include "group.h"
#include "ledger.h"
#include "limit.h"
#include "point.h"
#include "sys.h"

void fp_fork_begin(void) {
    struct fp_table *table = fp_table_make();
    if (table)
        atomic_fetch_add(&table->counts->in_flight, 1);
}

static void child_register(pid_t pid, bool pinned) {
    _Atomic(fp_word) *word = fp_table_word_make(pid);
    if (!word)
        return; // untracked: bare behaviour for this pid
    for (;;) {
        fp_word old = atomic_load(word);
        fp_word next = fp_word_registered(old) | (pinned ? FP_PIDFD : 0);
        if (!fp_child_exchange(pid, word, old, next))
            continue;
        if (old & FP_STASH)
            atomic_fetch_add(&fp_table()->counts->lost, 1);
        return;
    }
}

void fp_fork_end(pid_t pid, bool pinned) {
    struct fp_table *table = fp_table();
    if (!table)
        return;
    fp_point(FP_POINT_BEFORE_REGISTER);
    if (atomic_load(&table->counts->in_flight) == 0)
        return; // a handler has forked meanwhile and we are its child: pid is not ours
    if (pid > 0)
        child_register(pid, pinned);
    fp_count_down(&table->counts->in_flight);
}

/* The word has been replaced: the set is brought in step with the newest, not with this one. */
static void settle_children(pid_t pid, _Atomic(fp_word) *word) {
    bool in;
    do {
        in = fp_word_n(atomic_load(word)) > 0;
        if (in)
            fp_set_add(FP_SET_CHILDREN, pid);
        else
            fp_set_remove(FP_SET_CHILDREN, pid);
    } while (in != (fp_word_n(atomic_load(word)) > 0));
}

bool fp_child_exchange(pid_t pid, _Atomic(fp_word) *word, fp_word old, fp_word next) {
    struct fp_counts *counts = fp_table()->counts;
    bool leaves_stash = (old & FP_STASH) && !(next & FP_STASH);
    // Before the word: afterwards the pid may have been stashed anew (R5).
    if (leaves_stash) {
        fp_point(FP_POINT_BEFORE_UNLIST);
        fp_set_remove(FP_SET_STASHED, pid);
    }
    if (!atomic_compare_exchange_strong(word, &old, next))
        return false;
    if (leaves_stash)
        atomic_fetch_sub(&counts->stashed, 1);
    int children = (fp_word_n(next) > 0) - (fp_word_n(old) > 0);
    if (children) {
        atomic_fetch_add(&counts->children, children);
        settle_children(pid, word);
    }
    return true;
}

bool fp_child_stash(pid_t pid, _Atomic(fp_word) *word, fp_word old, fp_word next) {
    struct fp_counts *counts = fp_table()->counts;
    // Whoever finds FP_STASH finds it counted and listed (R5).
    fp_set_add(FP_SET_STASHED, pid);
    atomic_fetch_add(&counts->stashed, 1);
    fp_point(FP_POINT_BEFORE_STASH);
    bool stashed = atomic_compare_exchange_strong(word, &old, next);
    if (!stashed)
        atomic_fetch_sub(&counts->stashed, 1);
    else
        fp_set_add(FP_SET_STASHED, pid); // who took the last one may have been late to unlist it
    // The caller's closer keeps the pid: nobody else stashes it before we are through.
    if (!(atomic_load(word) & FP_STASH))
        fp_set_remove(FP_SET_STASHED, pid);
    return stashed;
}

/*
 * A handler may fork between the two halves of anything here; in the child the table is empty, and
 * the second half must not count down what was never counted up.
 */
static fp_word less_closers(fp_word w, unsigned closers) {
    return fp_word_closers(w) >= closers ? w - closers * FP_CLOSER : w;
}

void fp_child_pin(pid_t pid) {
    struct fp_table *table = fp_table();
    if (!table)
        return;
    // The pid may be known to another thread before the fork that made it has returned.
    bool in_flight = atomic_load(&table->counts->in_flight) > 0;
    _Atomic(fp_word) *word = in_flight ? fp_table_word_make(pid) : fp_table_word(pid);
    fp_word old = word ? atomic_load(word) : 0;
    while (word && (in_flight || fp_word_n(old) > 0) &&
           !atomic_compare_exchange_weak(word, &old, old | FP_PIDFD))
        ;
}

int fp_child_pidfd(pid_t pid, unsigned flags) {
    fp_child_pin(pid);
    // Pinned, a child is not stashed any more; what was stashed before has given its number up.
    const _Atomic(fp_word) *word = fp_table_word(pid);
    bool is_stashed = word && (atomic_load(word) & FP_STASH);
    return fp_sys_pidfd_open(is_stashed ? FP_PID_MAX : pid, flags);
}

void fp_child_release(_Atomic(fp_word) *word) {
    fp_word old = atomic_load(word);
    while (!atomic_compare_exchange_weak(word, &old, less_closers(old, 1)))
        ;
}

fp_word fp_child_gone(pid_t pid, _Atomic(fp_word) *word, unsigned closers) {
    struct fp_counts *counts = fp_table()->counts;
    for (;;) {
        fp_word old = atomic_load(word);
        fp_point(FP_POINT_BEFORE_GONE);
        // After the word: a fork that has registered since makes the exchange fail (R1).
        bool in_flight = atomic_load(&counts->in_flight) > 0;
        fp_word next = less_closers(fp_word_gone(old, in_flight), closers);
        if (!fp_child_exchange(pid, word, old, next))
            continue;
        fp_group_drop(pid);
        fp_limit_gone(fp_ledger(), pid);
        return old;
    }
}
