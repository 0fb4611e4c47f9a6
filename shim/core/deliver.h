/* Signals to single processes, so that none reaches one that only inherited the number. */
#ifndef FP_DELIVER_H
#define FP_DELIVER_H

#include <signal.h>
#include <sys/types.h>

#include "options.h"

/* The system call by which a signal is sent. */
enum fp_by { FP_BY_KILL, FP_BY_TGKILL, FP_BY_QUEUE, FP_BY_PIDFD };

struct fp_signal {
    enum fp_by by;
    pid_t pid;
    int to; /* FP_BY_TGKILL: a thread of pid; FP_BY_PIDFD: a pidfd of it */
    int number;
    const siginfo_t *user_info; /* FP_BY_QUEUE, FP_BY_PIDFD */
};

/*
 * As the system call, answering 0 or -errno. What differs: a pid that was a child of this process,
 * has been reaped and is no child of it now is ESRCH, whoever has the number today (stale=deny);
 * with stale=report or verbose=1 that is said on stderr. With kill=tree a child's descendants get
 * the signal, too (tree.h).
 * Async-signal-safe; no cancellation point. Source: gotchas kill-wait-race, recycled-pid.
 */
long fp_deliver(const struct fp_signal *signal, enum fp_stale stale);

/* pidfd_send_signal, which needs no such care; with kill=tree it reaches as far as kill. */
long fp_deliver_held(int pidfd, int number, const siginfo_t *user_info, unsigned flags);

#endif
