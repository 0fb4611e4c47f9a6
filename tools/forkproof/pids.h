/*
 * The kernel's own count of a run's tasks (cgroup controller "pids"), beside that of the hooks: it
 * holds images without hooks, too. It counts threads, which --max-procs does not mean, so it is set
 * higher: a last line, where the hooks do not reach.
 */
#ifndef FP_PIDS_H
#define FP_PIDS_H

#include <sys/types.h>

#define FP_PIDS_TASKS 16 /* allowed for each process */

struct fp_pids {
    char *directory; /* of a cgroup of the run's own, version 1; NULL: none */
    int procs_fd;    /* of the same; -1 */
    unsigned tasks;  /* the most there can be; 0: it counts nothing */
};

/* As far as it can be had; what cannot is no error. */
/* cgroup: the directory of the run's own (version 2), or NULL. */
void fp_pids_open(struct fp_pids *pids, const char *run_id, const char *cgroup, unsigned limit);

void fp_pids_enter(struct fp_pids *pids, pid_t root);

/* Removes the cgroup; members that are left go to the one above. */
void fp_pids_close(struct fp_pids *pids);

#endif
