#include "claim.h"

#include <sys/wait.h>

#include "child.h"
#include "point.h"
#include "sys.h"

/*
 * The pid's word; made when a fork is in flight, because the child may be the one that it has not
 * registered yet and its end must be on record before that (R1).
 */
static _Atomic(fp_word) *word_of(pid_t pid) {
    struct fp_table *table = fp_table();
    if (table && atomic_load(&table->counts->in_flight) > 0)
        return fp_table_word_make(pid);
    return fp_table_word(pid);
}

/* Becomes a closer, or marks the zombie as given away. False when it is given away already. */
static bool enter(_Atomic(fp_word) *word, bool *ret_busy) {
    fp_word old = atomic_load(word);
    fp_word next;
    do {
        if (old & FP_DEFER)
            return false;
        *ret_busy = fp_word_killers(old) > 0;
        next = *ret_busy ? old | FP_DEFER : old + FP_CLOSER;
    } while (!atomic_compare_exchange_strong(word, &old, next));
    return true;
}

enum fp_claim fp_claim_zombie(pid_t pid, fp_reaper *reap, const void *context, long *ret_result) {
    _Atomic(fp_word) *word = word_of(pid);
    bool busy = false;
    if (word && !enter(word, &busy))
        return FP_CLAIM_LOST;
    if (busy)
        return FP_CLAIM_DEFERRED;
    fp_point(FP_POINT_BEFORE_REAP);
    *ret_result = reap(context, pid);
    fp_point(FP_POINT_AFTER_REAP);
    if (*ret_result == 0) {
        if (word)
            fp_child_release(word);
        return FP_CLAIM_LOST;
    }
    if (word)
        fp_child_gone(pid, word, 1); // a bad user pointer is found out only after the reaping
    return FP_CLAIM_REAPED;
}

/* Becomes a closer of a pid that nobody is about to signal. */
static bool enter_idle(_Atomic(fp_word) *word) {
    fp_word old = atomic_load(word);
    do {
        if ((old & FP_DEFER) || fp_word_killers(old) > 0)
            return false;
    } while (!atomic_compare_exchange_strong(word, &old, old + FP_CLOSER));
    return true;
}

bool fp_claim_at_once(pid_t pid, fp_waiter *wait, const void *context, long *ret_result) {
    _Atomic(fp_word) *word = word_of(pid);
    bool ended = false;
    if (word && !enter_idle(word))
        return false;
    *ret_result = wait(context, pid, &ended);
    if (ended)
        fp_point(FP_POINT_AFTER_REAP);
    if (word && ended)
        fp_child_gone(pid, word, 1);
    else if (word)
        fp_child_release(word);
    return true;
}

void fp_claim_usage(pid_t pid, struct rusage *ret_usage) {
    siginfo_t info;
    (void)fp_sys_waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT | (int)__WALL, ret_usage);
}
