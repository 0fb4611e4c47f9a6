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

bool fp_claim_peek(pid_t pid, struct fp_zombie *ret_zombie) {
    int options = WEXITED | WNOHANG | WNOWAIT | (int)__WALL;
    ret_zombie->info.si_pid = 0;
    return fp_sys_waitid(P_PID, pid, &ret_zombie->info, options, &ret_zombie->usage) == 0 &&
           ret_zombie->info.si_pid != 0;
}

void fp_claim_recall(void) {
    siginfo_t info = {0};
    if (fp_sys_waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT, NULL) < 0 || !info.si_pid)
        return;
    // Only the main thread may send what looks like the kernel's own to the whole process.
    if (fp_sys_sigqueue(fp_sys_getpid(), SIGCHLD, &info) < 0)
        (void)fp_sys_kill(fp_sys_getpid(), SIGCHLD);
}

void fp_claim_gone(pid_t pid, _Atomic(fp_word) *word) {
    if (fp_child_gone(pid, word, 1) & FP_HIDDEN)
        fp_claim_recall();
}

/*
 * Becomes a closer, or marks the zombie as given away. Where it is told without being reaped, the
 * word must not have changed since it was looked at: a new holder of the number would have (R8).
 */
static enum fp_claim enter(pid_t pid, _Atomic(fp_word) *word, struct fp_zombie *ret_zombie) {
    fp_word old = atomic_load(word);
    for (;;) {
        bool busy = fp_word_killers(old) > 0;
        if ((old & FP_DEFER) || (busy && !fp_claim_peek(pid, ret_zombie)))
            return FP_CLAIM_LOST;
        if (atomic_compare_exchange_strong(word, &old, busy ? old | FP_DEFER : old + FP_CLOSER))
            return busy ? FP_CLAIM_DEFERRED : FP_CLAIM_REAPED;
    }
}

enum fp_claim fp_claim_zombie(pid_t pid, fp_reaper *reap, const void *context, long *ret_result,
                              struct fp_zombie *ret_zombie) {
    _Atomic(fp_word) *word = word_of(pid);
    enum fp_claim claim = word ? enter(pid, word, ret_zombie) : FP_CLAIM_REAPED;
    if (claim != FP_CLAIM_REAPED)
        return claim;
    fp_point(FP_POINT_BEFORE_REAP);
    *ret_result = reap(context, pid);
    fp_point(FP_POINT_AFTER_REAP);
    if (*ret_result == 0) {
        if (word)
            fp_child_release(word);
        return FP_CLAIM_LOST;
    }
    if (word)
        fp_claim_gone(pid, word); // a bad user pointer is found out only after the reaping
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
        fp_claim_gone(pid, word);
    else if (word)
        fp_child_release(word);
    return true;
}
