/*
 * Members of the run, and the one way to signal a pid.
 *
 * A pid read from /proc may name a stranger by the time it is used. So a member is listed with
 * its start time, and before any signal it is opened, looked at again, and must still be the same
 * process and still be ours.
 */
#ifndef FP_MEMBER_H
#define FP_MEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct fp_contain;
struct fp_proc_stat;

/* The start time of a member that /proc does not show (hidepid): known by being our child, or the
 * init's. */
#define FP_MEMBER_HIDDEN 0

struct fp_member {
    pid_t pid, ppid;
    uint64_t start;
    int sent;      /* the last signal sent to it, 0 = none */
    bool verified; /* found to be a member by the present pass */
    bool kept;     /* may outlive the run */
    bool threaded; /* had more than one thread */
    char comm[64];
};

/* In order of discovery, parents first; found by pid through a hash table. */
struct fp_members {
    struct fp_member *at;
    size_t count, capacity;
    uint32_t *slots; /* index + 1 into at, 0 = free */
    size_t slot_count;
};

/* What counts as a member. */
struct fp_scope {
    pid_t top;                          /* every descendant of this process is a member… */
    const struct fp_contain *contain;   /* …and whatever the rung holds… */
    pid_t never[4];                     /* …but these never; 0 = unused */
    const struct fp_members *strangers; /* children `top` had before the run; and theirs */
    const char
        *marker; /* NAME=VALUE a member has in its environment; asked only if strangers exist */
    const struct fp_members *list; /* the listing the member comes from, or NULL */
};

enum fp_mechanism { FP_MECHANISM_NONE, FP_MECHANISM_PIDFD, FP_MECHANISM_KILL };

/* -ENOMEM. Adding a pid that is there changes nothing. */
int fp_members_add(struct fp_members *members, const struct fp_proc_stat *stat);
struct fp_member *fp_members_find(const struct fp_members *members, pid_t pid);
/* This very process: the same pid, started at the same time. */
bool fp_members_has(const struct fp_members *members, const struct fp_member *member);
/* False when it was there already; a pid that has come back is another process. */
bool fp_members_add_once(struct fp_members *members, const struct fp_member *member);
void fp_members_clear(struct fp_members *members);
void fp_members_free(struct fp_members *members);

/* Whether the scope rules the process out, whoever its parents are. */
bool fp_scope_excludes(const struct fp_scope *scope, pid_t pid);

/*
 * pidfd_open, a second look at start time and membership, pidfd_send_signal 0 (what was read then
 * belongs to the pidfd), the signal. Where pidfds are refused: the second look and kill(2).
 * -ESRCH: gone, or the number names somebody else now; -EPERM: not permitted, or never ours.
 */
int fp_member_signal(struct fp_member *member, int sig, const struct fp_scope *scope);

/* The same with `sig` and then SIGCONT, so that one that is stopped hears it. */
int fp_member_ask(struct fp_member *member, int sig, const struct fp_scope *scope);
/* Of a pid that /proc does not show: whether it is a living member all the same. */
bool fp_member_is_hidden(pid_t pid, const struct fp_scope *scope);

/* An unreaped child of this very process: its pid is pinned. value: sent with it, or NULL. */
int fp_member_signal_child(pid_t child, int sig, const int *value);

/* A pidfd, or -errno: of whoever has the number now. */
int fp_member_open(pid_t pid);

/* Through a pidfd held since the process was known for certain. */
int fp_member_signal_pidfd(int pidfd, int sig);

/* Which of the two mechanisms the last fp_member_signal used. */
enum fp_mechanism fp_member_mechanism(void);

#endif
