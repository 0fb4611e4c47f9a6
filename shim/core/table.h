/*
 * The child table: one word a pid, found by index, without a lock and without a hash.
 *
 * Chunks of 1,024 pids are mapped when a child of that range is first seen, and the kernel zeroes
 * them in every forked child (MADV_WIPEONFORK): a new process starts without children, without an
 * atfork handler and without a copy-on-write fault. The root, which only points at chunks, is
 * inherited as it is.
 *
 * Everything here is async-signal-safe. Memory that cannot be had makes a pid untracked, which
 * means bare behaviour for that pid, never a failure.
 */
#ifndef FP_TABLE_H
#define FP_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "known.h"
#include "word.h"

#define FP_PID_MAX (1 << 22) /* the kernel's own limit on 64 bits */
#define FP_CHUNK_PIDS 1024
#define FP_CHUNKS (FP_PID_MAX / FP_CHUNK_PIDS)

/* A set of the pids of one chunk. A bit is a hint: the word tells the truth. */
typedef _Atomic(uint64_t) fp_bits[FP_CHUNK_PIDS / 64];

struct fp_chunk {
    fp_bits children; /* n > 0 */
    fp_bits stashed;  /* FP_STASH */
    _Atomic(fp_word) words[FP_CHUNK_PIDS];
};

/* What a reaped child leaves for a late wait besides its status. */
struct fp_remains {
    uid_t uid;
    pid_t pgid;
    uint64_t user_time, system_time; /* seconds above 20 bits of microseconds */
    uint64_t max_rss, minor_faults, major_faults, blocks_in, blocks_out, switches, preemptions;
};

struct fp_register;

/* Counts of this process; zeroed in a forked child. */
struct fp_counts {
    atomic_uint in_flight; /* forks begun and not yet registered */
    atomic_int children;   /* words with n > 0 */
    atomic_int stashed;    /* words with FP_STASH */
    atomic_uint waiters;   /* threads blocked in a wait for any child */
    atomic_uint hand;      /* where the search for old zombies goes on */
    fp_known chld;         /* what SIGCHLD does, see chld.c */
    fp_known subreaper;    /* whether it adopts orphans, see subreaper.c */
    atomic_uint lost;      /* statuses given up: pid reused, or too many */
    atomic_int group;      /* whether it is a member of a contained program, see group.c */
    atomic_int unentered;  /* children of popen: libc does not tell their pids */
    atomic_uint starter;   /* 1: it is entered in the ledger, see ledger.c */
    _Atomic(struct fp_register *) reg;
};

/* Not below 0: a handler may have forked since the count went up, and we are its child. */
static inline void fp_count_down(atomic_uint *count) {
    unsigned old = atomic_load(count);
    while (old > 0 && !atomic_compare_exchange_weak(count, &old, old - 1))
        ;
}

struct fp_table {
    _Atomic(struct fp_chunk *) chunks[FP_CHUNKS];
    _Atomic(struct fp_remains *) remains[FP_CHUNKS]; /* FP_CHUNK_PIDS each */
    atomic_uint lowest, end;                         /* the chunks there are lie between */
    bool wiped;                                      /* the kernel does wipe on fork */
    struct fp_counts *counts;
};

/* The table, or NULL while this process has never forked. */
struct fp_table *fp_table(void);

/* The table, mapped if need be; NULL without memory. */
struct fp_table *fp_table_make(void);

/* The pid's word, or NULL when nothing has ever been known of it. */
_Atomic(fp_word) *fp_table_word(pid_t pid);

/* The pid's word, mapped if need be; NULL without memory or for a pid out of range. */
_Atomic(fp_word) *fp_table_word_make(pid_t pid);

/* Where the pid's remains are kept, mapped if need be; NULL without memory. */
struct fp_remains *fp_table_remains(pid_t pid);

/* In a forked child on a kernel that does not wipe: forget the parent's children. */
void fp_table_forget(void);

/* Which set of a chunk. */
enum fp_set { FP_SET_CHILDREN, FP_SET_STASHED };

void fp_set_add(enum fp_set set, pid_t pid);
void fp_set_remove(enum fp_set set, pid_t pid);

/* The first pid of the set at or after `from`, or 0. Call it again from pid + 1 to go through. */
pid_t fp_set_next(enum fp_set set, pid_t from);

#endif
