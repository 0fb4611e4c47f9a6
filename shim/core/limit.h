/*
 * --max-procs: a fork beyond the limit fails with EAGAIN, as under RLIMIT_NPROC, but counted for
 * the run alone. Processes count, from their birth until they are reaped; threads do not.
 *
 * A place is taken before the fork and given back when the child is reaped by a member or by the
 * supervisor. What nobody has seen go (reaped by the kernel, by an image without hooks, or a member
 * killed in the middle) is found by looking: nobody is refused without a count that began after
 * he asked; one counts for all that wait, and not more often than that pays. So a fork that is
 * refused takes some milliseconds, and forks that are under way at the moment of a count can pass
 * the limit.
 *
 * Async-signal-safe; no lock.
 */
#ifndef FP_LIMIT_H
#define FP_LIMIT_H

#include "ledger.h"

/* Takes a place for one child more: 0, or -EAGAIN. ledger: may be NULL. */
int fp_limit_take(struct fp_ledger *ledger);

/* No child came of it. */
void fp_limit_give_back(struct fp_ledger *ledger);

/* The child has been reaped. */
void fp_limit_gone(struct fp_ledger *ledger, pid_t pid);

#ifdef FORKPROOF_TEST_POINTS
/* Members alive or unreaped, as the ledger's top says who they are, at most `most`; -1: cannot be
 * counted. */
int fp_limit_count(const struct fp_ledger *ledger, int most);
#endif

#endif
