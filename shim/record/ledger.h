/*
 * The ledger of a run: who started whom, in memory that the members of one run share.
 *
 * `forkproof run` makes it as a sealed memfd, allocated as a whole: nobody can make it smaller, so
 * a store never faults. Members find it by FORKPROOF_LEDGER (contract.h), map it when they make
 * their first child, and write without a lock; whatever they leave half done is left out by the
 * reader, who trusts nothing in it. The same layout for programs of every class.
 */
#ifndef FP_LEDGER_LAYOUT_H
#define FP_LEDGER_LAYOUT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define FP_LEDGER_MAGIC UINT64_C(0x3130726764656c66) /* says the layout, too */
#define FP_LEDGER_STARTERS 4096
#define FP_LEDGER_BIRTHS 16384
#define FP_LEDGER_WINDOW 16 /* places in which a pid's birth may stand */
#define FP_LEDGER_REFUSALS 8
#define FP_LEDGER_ARGV 96
#define FP_LEDGER_TICK 10000000 /* nanoseconds: the clock tick of /proc/PID/stat */

/* It has not executed anything since its starter forked it. */
#define FP_STARTER_FORKED 1U

/* A process that has made a child. */
struct fp_starter {
    _Atomic(uint64_t) made; /* nanoseconds since boot; 0: free, or being written */
    int32_t pid, parent;    /* parent: when this was written */
    uint32_t from;          /* who started it: a place among the starters + 1; 0: not known */
    uint32_t flags;
    uint32_t length;           /* of argv */
    uint32_t ticks;            /* made, in clock ticks */
    char argv[FP_LEDGER_ARGV]; /* the beginning; each argument is ended by NUL */
};

/* pid:22 starter:13 (its place + 1; 0: not known) counted:1 daemon:1 ticks:27 (since boot) */
typedef uint64_t fp_born;

#define FP_BORN_COUNTED (UINT64_C(1) << 35)
#define FP_BORN_DAEMON (UINT64_C(1) << 36)
#define FP_BORN_TICKS_MASK ((UINT64_C(1) << 27) - 1)

static inline pid_t fp_born_pid(fp_born b) {
    return (pid_t)(b & 0x3fffff);
}
static inline unsigned fp_born_starter(fp_born b) {
    return (b >> 22) & 0x1fff;
}
static inline uint64_t fp_born_ticks(fp_born b) {
    return b >> 37;
}

/* A signal that --confine has refused. */
struct fp_refusal {
    atomic_uint written; /* 1: all of it is there */
    int32_t by, target;  /* target: as given, so negative for a group */
    int32_t number;
    char by_name[16], target_name[16];
};

struct fp_ledger {
    _Atomic(uint64_t) magic;
    _Atomic(uint64_t) namespace; /* the pid namespace that the numbers are of */
    _Atomic(uint64_t) full;      /* see core/limit.c, with the next and `rest` */
    _Atomic(uint64_t) counting;
    atomic_uint limit;  /* --max-procs; 0: none */
    atomic_int top;     /* all members descend from it; 0: all of the namespace are members */
    atomic_int live;    /* members, as far as they are counted: under a limit only */
    atomic_uint denied; /* forks refused by the limit */
    atomic_uint images; /* that have mapped it */
    atomic_uint next;   /* starter */
    atomic_uint lost_starters, lost_births;
    atomic_uint refused;
    atomic_uint rest;
    struct fp_refusal refusals[FP_LEDGER_REFUSALS];
    _Atomic(fp_born) births[FP_LEDGER_BIRTHS];
    struct fp_starter starters[FP_LEDGER_STARTERS];
};

_Static_assert(sizeof(struct fp_starter) == 128, "one layout for every class");
_Static_assert(sizeof(struct fp_ledger) ==
                   72 + 48 * FP_LEDGER_REFUSALS + 8 * FP_LEDGER_BIRTHS + 128 * FP_LEDGER_STARTERS,
               "one layout for every class");

#endif
