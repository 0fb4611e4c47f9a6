/*
 * A child comes to be: what every way to make one has in common, before and after the call that
 * makes it. See child.h for the counting itself, docs/races.md R1.
 */
#ifndef FP_BIRTH_H
#define FP_BIRTH_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * To be called before: 0, or -EAGAIN when no child is to be made (limit.h); then nothing has begun.
 * Async-signal-safe; also allowed before vfork.
 */
int fp_birth_begin(void);

/* What is known of a child, besides its pid, by whoever made it. */
struct fp_birth {
    bool pinned; /* never reaped early: other waits than the stash answers would see it */
    bool leads;  /* it has begun a group or a session of its own */
};

/* In the parent: pid as the call answered it, so a failed one registers nothing. Returns pid. */
pid_t fp_birth_end(pid_t pid, struct fp_birth how);

/* The same of a child that is not for us to wait for, or whose pid we do not learn at once. */
int fp_birth_begin_elsewhere(void);
pid_t fp_birth_end_elsewhere(pid_t pid);

/* In a child that shares no memory with its parent. */
void fp_birth_child(void);

#endif
