/*
 * Who started what was left behind, and how it left: from the run's ledger (shim/record/ledger.h),
 * which members write and nobody trusts, and from /proc, while the process is still there.
 */
#ifndef FP_ATTRIBUTION_H
#define FP_ATTRIBUTION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../../shim/record/ledger.h"

struct fp_run;
struct fp_left;

#define FP_CHAIN_MAX 12

/* How it came to outlive the program. */
enum fp_how {
    FP_HOW_UNKNOWN,
    FP_HOW_OUTLIVED,    /* its parent ended */
    FP_HOW_WITH_PARENT, /* its parent was left behind as well */
    FP_HOW_DOUBLE_FORK,
    FP_HOW_SETSID,
    FP_HOW_DOUBLE_FORK_SETSID,
    FP_HOW_IN_SESSION, /* of a process that came before it */
    FP_HOW_DAEMON,     /* daemon(3) */
};

/* The pids are those of the members' own pid namespace. */
struct fp_ancestor {
    pid_t pid;
    uint32_t length; /* of argv, cut off; each argument ended by NUL */
    char argv[FP_LEDGER_ARGV];
};

struct fp_origin {
    enum fp_how how;
    int hooks;                              /* 1, 0; -1: not known */
    bool is_whole;                          /* the chain reaches the program */
    uint32_t count;                         /* of ancestors */
    struct fp_ancestor chain[FP_CHAIN_MAX]; /* the nearest first */
};

struct fp_attribution {
    struct fp_ledger *ledger; /* NULL: none */
    int fd;                   /* of the ledger, for members to open; -1 */
    char why_not[80];
};

/* Makes the ledger, or says in why_not why there is none. */
void fp_attribution_open(struct fp_attribution *a);

/* The root waits at its barrier: from here on its members' numbers are known. */
void fp_attribution_begin(struct fp_run *run);

/* A member that the supervisor has reaped is not counted any more. Outer pid. */
void fp_attribution_reaped(struct fp_run *run, pid_t pid);

/* What can be found out of one that was left behind, while it is there. */
void fp_attribute(struct fp_run *run, struct fp_left *left);

/* As the report says it. */
const char *fp_how_text(enum fp_how how);

#endif
