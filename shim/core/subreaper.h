/*
 * Whether this process adopts orphans (PR_SET_CHILD_SUBREAPER). An adopted child is registered by
 * nobody and can have the number of a child that was reaped early, whose status would then be told
 * for it: a subreaper's children are never reaped early.
 *
 * Asked for once, before the first early reaping, because the attribute survives exec; a forked
 * child, which does not inherit it, asks again. Async-signal-safe.
 */
#ifndef FP_SUBREAPER_H
#define FP_SUBREAPER_H

#include <stdbool.h>

/* True, too, when it cannot be found out. */
bool fp_subreaper_is(void);

/* As prctl(2): 0 or more, or -errno. */
long fp_subreaper_prctl(int option, long a, long b, long c, long d);

#endif
