/* The life of a child in the table: begun, registered, gone. See word.h and docs/races.md. */
#ifndef FP_CHILD_H
#define FP_CHILD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "table.h"

/* A fork begins: until fp_fork_end, a reaped pid that nobody registered may be its child (R1). */
void fp_fork_begin(void);

/*
 * Ends it in the parent; pid as fork answered it, so a failed fork registers nothing. pinned: never
 * reaped early.
 */
void fp_fork_end(pid_t pid, bool pinned);

/*
 * Replaces *word by next, keeping the sets and counts in step. False when *word was not old; where
 * next has no FP_STASH any more, the pid may be unlisted all the same: try again, or list it. Does
 * not set FP_STASH: see fp_child_stash.
 */
bool fp_child_exchange(pid_t pid, _Atomic(fp_word) *word, fp_word old, fp_word next);

/* The program is about to hold a pidfd of this pid: if it is a child, it is never reaped early. */
void fp_child_pin(pid_t pid);

/*
 * pidfd_open(2), as -errno: pins the pid first. That of a child whose status is in the stash is
 * nobody's for the program, whoever has the number now: ESRCH.
 */
int fp_child_pidfd(pid_t pid, unsigned flags);

/* The same where next is the first to have FP_STASH. The caller is counted as a closer. */
bool fp_child_stash(pid_t pid, _Atomic(fp_word) *word, fp_word old, fp_word next);

/* One closer has changed its mind. */
void fp_child_release(_Atomic(fp_word) *word);

/*
 * The pid was reaped by us: leaves it as gone, with `closers` of them (0 or 1) taken off. Returns
 * the word as it was just before.
 */
fp_word fp_child_gone(pid_t pid, _Atomic(fp_word) *word, unsigned closers);

#endif
