/* The rungs of containment behind one interface. See docs/design.md for the ladder. */
#ifndef FP_CONTAIN_H
#define FP_CONTAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "member.h"

/* From weak to strong; auto stands for the strongest that changes nothing for the program. */
enum fp_rung { FP_RUNG_AUTO, FP_RUNG_NONE, FP_RUNG_WALK, FP_RUNG_CGROUP, FP_RUNG_PIDNS };

struct fp_contain_ops;

struct fp_contain {
    const struct fp_contain_ops *ops;
    char why_not[200];       /* why nothing stronger; "" when the strongest was obtained */
    char *directory;         /* cgroup: absolute path in the file system */
    char *path;              /* cgroup: as /proc/PID/cgroup shows it */
    int procs_fd;            /* cgroup; -1 */
    int kill_fd;             /* cgroup.kill, or the pidfd of the init; -1 */
    int events_fd;           /* shows by poll that members have ended; -1 */
    short wake;              /* … by this event */
    char **argv;             /* ours, for what is forked here to clear; or NULL */
    int lent_fd;             /* for members to open: pidns' init holds it as well; -1 */
    int lent_record_fd;      /* as lent_fd: of an audit; -1 */
    pid_t init;              /* pidns: never a member itself; 0 */
    bool has_user_namespace; /* pidns */
    int alive_fd;            /* pidns: closed with guard, keeper and supervisor, ends it; -1 */
};

struct fp_contain_ops {
    enum fp_rung rung;
    const char *name;
    const char *escapes; /* what escapes it, for the report */
    /* -errno with why_not told. */
    int (*open)(struct fp_contain *c, const char *run_id);
    /* Forks the root, as fork(2); it is the caller's child. May be NULL: as fork(2) it is. */
    pid_t (*fork)(struct fp_contain *c);
    /* Puts a process in. May be NULL: nothing to do. */
    int (*enter)(struct fp_contain *c, pid_t pid);
    /* Adds the members that only this rung knows of. May be NULL. */
    int (*list)(const struct fp_contain *c, struct fp_members *members);
    bool (*holds)(const struct fp_contain *c, pid_t pid);
    /* Kills all members at a stroke. May be NULL. */
    int (*kill_all)(struct fp_contain *c);
    /* Holds all members still, or lets them go on. May be NULL. */
    int (*freeze)(struct fp_contain *c, bool still);
    /* Lets go of one member. May be NULL: nothing holds it. */
    int (*release)(struct fp_contain *c, pid_t pid);
    /* NULL, or why it holds nobody any more. May be NULL: it cannot be lost. */
    const char *(*lost)(const struct fp_contain *c);
    /* Asked only when the root has ended or is being ended. */
    bool (*populated)(const struct fp_contain *c);
    /* Undoes open; members that are left are set free. May be NULL. */
    void (*close)(struct fp_contain *c);
};

extern const struct fp_contain_ops fp_contain_pidns, fp_contain_cgroup, fp_contain_walk,
    fp_contain_none;

/* Of a rung that is one; auto is none. */
const struct fp_contain_ops *fp_rung_ops(enum fp_rung rung);

const char *fp_rung_name(enum fp_rung rung);

/* The strongest rung up to `wanted` that can be had. Never fails: walk needs nothing. argv of *c
 * is taken as it is. */
void fp_contain_open(struct fp_contain *c, enum fp_rung wanted, const char *run_id);

/* This rung and no other. -errno with why_not told; nothing to close then. */
int fp_contain_open_only(struct fp_contain *c, enum fp_rung rung, const char *run_id);

/* The rung turned out not to hold: walk from here on. */
void fp_contain_weaken(struct fp_contain *c, const char *why);

/* Weakens it if what it is made of is gone; whether it did. */
bool fp_contain_check(struct fp_contain *c);

pid_t fp_contain_fork(struct fp_contain *c);
int fp_contain_enter(struct fp_contain *c, pid_t pid);
bool fp_contain_holds(const struct fp_contain *c, pid_t pid);
int fp_contain_list(const struct fp_contain *c, struct fp_members *members);
/* -EOPNOTSUPP where there is no such stroke. */
int fp_contain_kill_all(struct fp_contain *c);
/* -EOPNOTSUPP where members cannot be held still; -ETIMEDOUT: told to, and some are not yet. */
int fp_contain_freeze(struct fp_contain *c, bool still);
int fp_contain_release(struct fp_contain *c, pid_t pid);
bool fp_contain_populated(const struct fp_contain *c);
void fp_contain_close(struct fp_contain *c);

/* Whether members are ended at all. */
bool fp_contain_ends(const struct fp_contain *c);

/* All descendants of scope->top, parents first, as far as one look can see. */
int fp_walk_list(const struct fp_scope *scope, struct fp_members *ret_members);

/* Tells in why_not what went wrong; returns -error. */
int fp_contain_fail(struct fp_contain *c, int error, const char *what);

/* What a run's cgroup is called, before its id. */
#define FP_CGROUP_PREFIX "forkproof-"

/* A file of a cgroup; -errno. */
int fp_cgroup_open_file(const char *directory, const char *name, int flags);

/*
 * Removes a cgroup and those below it; whoever is left in them goes to where we are. Waits, with a
 * bound, while zombies are being released.
 */
void fp_cgroup_remove(const char *directory);

/* Those in this cgroup whose guard was killed. One in use refuses to be removed. */
void fp_cgroup_remove_abandoned(const char *directory);

/* Removes the empty cgroup that a dead run left: its path must end in forkproof-RUN. */
void fp_cgroup_remove_stale(const char *directory, const char *run_id);

#endif
