/* Handing a result to the program: its pointers may be bad, and are only touched by the kernel. */
#ifndef FP_GIVE_H
#define FP_GIVE_H

#include <sys/types.h>

#include "event.h"

/*
 * A wait as the program called it. The two system calls differ only in how they hand over what was
 * found: `reap` reaps a zombie and tells it (see claim.h), `give` tells an event, or that there is
 * none (pid 0); both answer what the call answers, reap with the pid for success.
 */
struct fp_wait {
    struct fp_wanted wanted;
    bool at_once;  /* wait4 for one pid: may look and take in one system call */
    bool in_place; /* waitid: may look into user_result, where there is one */
    long (*reap)(const void *wait, pid_t pid);
    long (*give)(const struct fp_wait *wait, const struct fp_event *event);
    void *user_result; /* int * of wait4, siginfo_t * of waitid */
    struct rusage *user_usage;
};

/* wait4: the kernel writes status and usage while it reaps. */
long fp_give_reap_wait4(const void *wait, pid_t pid);
long fp_give_wait_at_once(const void *wait, pid_t pid, bool *ret_ended);
long fp_give_wait4(const struct fp_wait *wait, const struct fp_event *event);

/* waitid: told once it is reaped, so that a zombie that is not there is told apart. */
long fp_give_reap_waitid(const void *wait, pid_t pid);
long fp_give_waitid(const struct fp_wait *wait, const struct fp_event *event);

#endif
