/*
 * The stash: statuses of children that were reaped early so that zombies stay few.
 *
 * When a program has more unreaped children than the bound, fork reaps some of the oldest zombies
 * and keeps what they left: status, user, usage. A later wait answers as if the zombie were still
 * there, and so does kill. Never for a child that fork did not register, that the program holds a
 * pidfd to, in a subreaper, or while a thread is blocked waiting for any child (R5).
 */
#ifndef FP_STASH_H
#define FP_STASH_H

#include <stdbool.h>

#include "event.h"
#include "table.h"

/* Statuses kept at the most; then the oldest is given up for each new one (80 bytes each). */
#define FP_STASH_MAX (1 << 17)

/*
 * Looks for a stashed child that is wanted. Taken out for good, unless the wait leaves it
 * (WNOWAIT). Async-signal-safe.
 */
bool fp_stash_take(const struct fp_wanted *wanted, struct fp_event *ret_event);

/* After a fork: brings the number of unreaped children back towards the bound. */
void fp_stash_bound(unsigned bound);

/*
 * Reaps the deferred zombie that the caller (one closer) answers for, and makes up for a wait that
 * had to look past it (R6).
 */
void fp_stash_reap_deferred(pid_t pid, _Atomic(fp_word) *word);

#endif
