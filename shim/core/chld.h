/*
 * What SIGCHLD does in this process: with SIGCHLD ignored or SA_NOCLDWAIT the kernel reaps children
 * by itself, an unreaped child pins nothing, and a kill must prove its target (R13).
 *
 * The answer is remembered; a query costs a system call. A forked child asks again. Once it was yes
 * it stays: children that the kernel has reaped since they were registered are still in the table.
 */
#ifndef FP_CHLD_H
#define FP_CHLD_H

#include <stdbool.h>

/* Whether the kernel reaps our children, or did at any time. Async-signal-safe. */
bool fp_chld_is_automatic(void);

/* The disposition is about to change; automatic: so that the kernel reaps. */
void fp_chld_changes(bool automatic);

/* It may have changed: the next question goes to the kernel. */
void fp_chld_changed(void);

#endif
