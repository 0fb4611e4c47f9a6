#include "child.h"

#include <errno.h>

#include "group.h"
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

static bool belongs(enum fp_set set, fp_word w) {
    return set == FP_SET_CHILDREN ? fp_word_n(w) > 0 : (w & FP_STASH) != 0;
}

/* The word has been replaced; a set is brought in step with the newest word, not with this one. */
static void settle_set(enum fp_set set, pid_t pid, _Atomic(fp_word) *word) {
    bool in;
    do {
        in = belongs(set, atomic_load(word));
        if (in)
            fp_set_add(set, pid);
        else
            fp_set_remove(set, pid);
    } while (in != belongs(set, atomic_load(word)));
}

bool fp_child_exchange(pid_t pid, _Atomic(fp_word) *word, fp_word old, fp_word next) {
    if (!atomic_compare_exchange_strong(word, &old, next))
        return false;
    int children = belongs(FP_SET_CHILDREN, next) - belongs(FP_SET_CHILDREN, old);
    if (children) {
        atomic_fetch_add(&fp_table()->counts->children, children);
        settle_set(FP_SET_CHILDREN, pid, word);
    }
    if (belongs(FP_SET_STASHED, old) && !belongs(FP_SET_STASHED, next))
        fp_child_renounce_stash(pid, word);
    return true;
}

void fp_child_announce_stash(pid_t pid) {
    fp_set_add(FP_SET_STASHED, pid);
    atomic_fetch_add(&fp_table()->counts->stashed, 1);
}

void fp_child_renounce_stash(pid_t pid, _Atomic(fp_word) *word) {
    settle_set(FP_SET_STASHED, pid, word);
    atomic_fetch_sub(&fp_table()->counts->stashed, 1);
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

void fp_child_release(_Atomic(fp_word) *word) {
    fp_word old = atomic_load(word);
    while (!atomic_compare_exchange_weak(word, &old, less_closers(old, 1)))
        ;
}

fp_word fp_child_gone(pid_t pid, _Atomic(fp_word) *word, unsigned closers) {
    struct fp_counts *counts = fp_table()->counts;
    for (;;) {
        bool in_flight = atomic_load(&counts->in_flight) > 0; // before the word: see R1
        fp_word old = atomic_load(word);
        if (fp_child_exchange(pid, word, old,
                              less_closers(fp_word_gone(old, in_flight), closers))) {
            fp_group_drop(pid);
            return old;
        }
    }
}

/* Killers and closers, as the futex that they are waited for by. */
static const uint32_t *busy_half(_Atomic(fp_word) *word) {
    return (const uint32_t *)(uintptr_t)word + (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
}

long fp_child_await(pid_t pid) {
    _Atomic(fp_word) *word = fp_table_word(pid);
    fp_word w = word ? atomic_load(word) : 0;
    if (fp_word_killers(w) == 0) {
        fp_sys_nap(100000); // a closer: it is between two system calls
        return 0;
    }
    return fp_sys_futex_wait(busy_half(word), (uint32_t)(w >> 32)) == -EINTR ? -EINTR : 0;
}

void fp_child_wake(_Atomic(fp_word) *word, fp_word old) {
    if (old & FP_HIDDEN)
        fp_sys_futex_wake(busy_half(word));
}
