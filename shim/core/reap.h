/*
 * Waiting and reaping: every wait of the program comes through here.
 *
 * A wait first sees its child as a zombie without reaping it (WNOWAIT), then makes sure that no
 * thread is about to signal that pid, and only then reaps. See word.h and docs/races.md.
 *
 * Both answer as the system call would, errors as -errno, and are async-signal-safe. Without
 * WNOHANG they block, are cancellation points, and are interrupted and restarted by signals as
 * bare. Leaving by longjmp leaves nothing held under glibc; under musl it leaves one waiter
 * counted, which stops early reaping in this process.
 */
#ifndef FP_REAP_H
#define FP_REAP_H

#include <signal.h>
#include <sys/resource.h>
#include <sys/types.h>

/* As wait4(2): the pid, 0 or -errno. */
long fp_reap_wait4(pid_t pid, int *user_status, int options, struct rusage *user_usage);

/* As the system call waitid(2), whose fifth argument libc does not pass on: 0 or -errno. */
long fp_reap_waitid(int idtype, long id, siginfo_t *user_info, int options,
                    struct rusage *user_usage);

#endif
