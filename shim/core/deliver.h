/* Signals to single pids, so that none reaches a process that only inherited the number. */
#ifndef FP_DELIVER_H
#define FP_DELIVER_H

#include <sys/types.h>

#include "options.h"

/*
 * As kill(2), answering 0 or -errno. What differs: a pid that was a child of this process, has been
 * reaped and is no child of it now is ESRCH, whoever has the number today (stale=deny).
 * Async-signal-safe; no cancellation point. Source: gotchas kill-wait-race, recycled-pid.
 */
long fp_deliver_kill(pid_t pid, int signal, enum fp_stale stale);

#endif
