/*
 * The member's side of a run's ledger (record/ledger.h): who started whom, so that what is left
 * behind can be told by its starters when they have ended.
 *
 * Only under `forkproof run`; without it everything here does nothing. Mapped when an image makes
 * its first child; an image that makes none pays nothing. A process that cannot have it goes on
 * without. Async-signal-safe, never blocks; allowed in a forked and in a vfork child.
 */
#ifndef FP_CORE_LEDGER_H
#define FP_CORE_LEDGER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../record/ledger.h"

/* Nanoseconds since boot, as the ledger's times are. */
uint64_t fp_ledger_now(void);

/* A child is about to be made: the calling process is entered as a starter. NULL: no ledger. */
struct fp_ledger *fp_ledger_enter(void);

/* The ledger, mapped if need be, or NULL. Enters nobody. */
struct fp_ledger *fp_ledger_open(void);

/* The ledger that this process, or one it was forked from, has mapped; or NULL. */
struct fp_ledger *fp_ledger(void);

/* A member of the run has had this number, as far as that is remembered. */
bool fp_ledger_has(pid_t pid);

/* The calling process has made this child. */
void fp_ledger_born(struct fp_ledger *ledger, pid_t pid);

/* The calling process has come of daemon(3), which forks inside libc. */
void fp_ledger_daemon(void);

/* The child has been reaped: it is counted no longer. False when it was not. */
bool fp_ledger_uncount(struct fp_ledger *ledger, pid_t pid);

#endif
