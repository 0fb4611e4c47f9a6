#include "child.h"

#include "point.h"

void fp_fork_begin(void) {
    struct fp_table *table = fp_table_make();
    if (table)
        atomic_fetch_add(&table->counts->in_flight, 1);
}

static void child_register(pid_t pid) {
    _Atomic(fp_word) *word = fp_table_word_make(pid);
    if (!word)
        return; // untracked: bare behaviour for this pid
    for (;;) {
        fp_word old = atomic_load(word);
        if (old & FP_STASH)
            atomic_fetch_add(&fp_table()->counts->lost, 1);
        if (fp_child_exchange(pid, word, old, fp_word_registered(old)))
            return;
    }
}

void fp_fork_end(pid_t pid) {
    struct fp_table *table = fp_table();
    if (!table)
        return;
    fp_point(FP_POINT_BEFORE_REGISTER);
    if (pid > 0)
        child_register(pid);
    atomic_fetch_sub(&table->counts->in_flight, 1);
}

/* The word has been replaced; a set is brought in step with the newest word, not with this one. */
static void settle_set(enum fp_set set, pid_t pid, _Atomic(fp_word) *word) {
    for (;;) {
        fp_word w = atomic_load(word);
        bool in = set == FP_SET_CHILDREN ? fp_word_n(w) > 0 : (w & FP_STASH) != 0;
        if (in)
            fp_set_add(set, pid);
        else
            fp_set_remove(set, pid);
        fp_word now = atomic_load(word);
        if (in == (set == FP_SET_CHILDREN ? fp_word_n(now) > 0 : (now & FP_STASH) != 0))
            return;
    }
}

bool fp_child_exchange(pid_t pid, _Atomic(fp_word) *word, fp_word old, fp_word next) {
    if (!atomic_compare_exchange_strong(word, &old, next))
        return false;
    struct fp_counts *counts = fp_table()->counts;
    int children = (fp_word_n(next) > 0) - (fp_word_n(old) > 0);
    int stashed = ((next & FP_STASH) != 0) - ((old & FP_STASH) != 0);
    if (children) {
        atomic_fetch_add(&counts->children, children);
        settle_set(FP_SET_CHILDREN, pid, word);
    }
    if (stashed) {
        atomic_fetch_add(&counts->stashed, stashed);
        settle_set(FP_SET_STASHED, pid, word);
    }
    return true;
}

void fp_child_pin(pid_t pid) {
    _Atomic(fp_word) *word = fp_table_word(pid);
    fp_word old = word ? atomic_load(word) : 0;
    while (fp_word_n(old) > 0 && !atomic_compare_exchange_weak(word, &old, old | FP_PIDFD))
        ;
}

void fp_child_release(_Atomic(fp_word) *word) {
    atomic_fetch_sub(word, FP_CLOSER);
}

void fp_child_gone(pid_t pid, _Atomic(fp_word) *word, unsigned closers) {
    struct fp_counts *counts = fp_table()->counts;
    for (;;) {
        bool in_flight = atomic_load(&counts->in_flight) > 0; // before the word: see R1
        fp_word old = atomic_load(word);
        fp_word next = fp_word_gone(old, in_flight) - closers * FP_CLOSER;
        if (fp_child_exchange(pid, word, old, next))
            return;
    }
}
