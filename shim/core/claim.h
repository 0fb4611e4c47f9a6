/* Taking a zombie: the one place where a child's pid is given back to the kernel by a wait. */
#ifndef FP_CLAIM_H
#define FP_CLAIM_H

#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "word.h"

/* Reaps the zombie pid without blocking: pid, 0 when it is not there, or -EFAULT when it was reaped
 * and the caller's memory was bad. */
typedef long fp_reaper(const void *context, pid_t pid);

enum fp_claim {
    FP_CLAIM_LOST,     /* somebody else has it */
    FP_CLAIM_REAPED,   /* reaped now; *ret_result is what the reaper said */
    FP_CLAIM_DEFERRED, /* a thread is about to signal it and will reap it; *ret_zombie is the
                          caller's */
};

/* What a zombie tells. */
struct fp_zombie {
    siginfo_t info;
    struct rusage usage;
};

/*
 * Takes a zombie that was seen: reaps it, or, while a thread is about to signal it, takes only its
 * status, *ret_zombie, and leaves the reaping to the last such thread (R2, R3). The pid may have
 * come back since it was seen: what is told is what is taken (R8). Async-signal-safe.
 */
enum fp_claim fp_claim_zombie(pid_t pid, fp_reaper *reap, const void *context, long *ret_result,
                              struct fp_zombie *ret_zombie);

/* Waits without blocking, as wait4 does: the pid, 0 or -errno; *ret_ended: it was reaped. */
typedef long fp_waiter(const void *context, pid_t pid, bool *ret_ended);

/*
 * Looks and takes in one system call, as bare does, which is safe while no thread is about to
 * signal the pid. False when one is, or when the zombie has been given away: then see first, claim
 * then.
 */
bool fp_claim_at_once(pid_t pid, fp_waiter *wait, const void *context, long *ret_result);

/*
 * A wait has answered "nothing" because it had to look past a child (R6, R12): if there is anything
 * to wait for now, SIGCHLD is raised once more.
 */
void fp_claim_recall(void);

/* The caller, one closer, has reaped the pid: leaves it as gone, recalls who looked past it. */
void fp_claim_gone(pid_t pid, _Atomic(fp_word) *word);

/* What a zombie tells that is still there. */
bool fp_claim_peek(pid_t pid, struct fp_zombie *ret_zombie);

#endif
