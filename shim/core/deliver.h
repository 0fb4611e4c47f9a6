/* Signals to single processes, so that none reaches one that only inherited the number. */
#ifndef FP_DELIVER_H
#define FP_DELIVER_H

#include <signal.h>
#include <sys/types.h>

#include "options.h"

/* The system call by which a signal is sent. */
enum fp_by { FP_BY_KILL, FP_BY_TGKILL, FP_BY_QUEUE };

struct fp_signal {
    enum fp_by by;
    pid_t pid;
    pid_t tid; /* FP_BY_TGKILL: a thread of pid */
    int number;
    const siginfo_t *user_info; /* FP_BY_QUEUE */
};

/*
 * As the system call, answering 0 or -errno. What differs: a pid that was a child of this process,
 * has been reaped and is no child of it now is ESRCH, whoever has the number today (stale=deny).
 * Async-signal-safe; no cancellation point. Source: gotchas kill-wait-race, recycled-pid.
 */
long fp_deliver(const struct fp_signal *signal, enum fp_stale stale);

#endif
