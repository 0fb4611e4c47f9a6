/* The runtime directory and the run's own directory in it: private, and never trusted. */
#ifndef FP_RUNDIR_H
#define FP_RUNDIR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define FP_RUN_ID_SIZE 32

struct fp_rundir {
    char id[FP_RUN_ID_SIZE];
    char *base;       /* the runtime directory's path */
    bool keep_base;   /* given by name: not ours to remove */
    int base_fd;      /* of the runtime directory */
    int fd;           /* of the run's own; -1 once removed */
    const char *name; /* NULL: none */
    int name_fd;      /* of the claim to it; -1 */
};

/* What a run's file tells: who keeps it. Start times as in /proc/PID/stat. */
struct fp_rundir_keepers {
    pid_t guard, keeper, supervisor, root;
    uint64_t guard_start, keeper_start, supervisor_start;
    const char *rung;
    const char *cgroup; /* directory; "" without */
};

/* Opens a directory that must be ours alone. -errno; *ret_why says what is wrong with it then. */
int fp_rundir_open_own(const char *path, const char **ret_why);

/* The same, creating it. */
int fp_rundir_open_private(const char *path, const char **ret_why);

enum fp_rundir_kind {
    FP_RUNDIR_GIVEN,        /* by name */
    FP_RUNDIR_OWN,          /* where nobody else makes directories */
    FP_RUNDIR_SHARED_BY_ALL /* where everybody does */
};

/* What the path there begins with; the user's number follows and, when another user has taken that
 * name, a dot and more. That below /dev/shm is not the preload's, which is found by fixed names. */
#define FP_RUNDIR_SHARED 2
extern const char *const fp_rundir_shared[FP_RUNDIR_SHARED];

/* The runtime directory's path, allocated; NULL without memory. */
char *fp_rundir_path(enum fp_rundir_kind *ret_kind);

/* Finds and opens the runtime directory, clears it of dead runs, makes ours. One line on error. */
int fp_rundir_create(struct fp_rundir *ret);

/* Claims the name for this run; NULL: none. One line on error. */
int fp_rundir_claim(struct fp_rundir *dir, const char *name);

/* Whether text is of the form of a run's id: PID-RANDOM.PID-NAMESPACE. */
bool fp_rundir_is_id(const char *text);

/* Whether the pids in it are of this pid namespace. */
bool fp_rundir_id_is_here(const char *id);

/* Whether the guard that a run id names is gone for certain. */
bool fp_rundir_id_is_dead(const char *id);

/* Whether what a run's file tells is of processes that are gone. */
int fp_rundir_is_stale(const char *text);

int fp_rundir_write(const struct fp_rundir *dir, const struct fp_rundir_keepers *keepers);
void fp_rundir_remove(struct fp_rundir *dir);

#endif
