/*
 * A process that only shows which signals the caller's process group was sent.
 *
 * A signal sent to the group has reached the program already; one sent to the guard alone must be
 * passed on. The siginfo of both is the same, so the guard looks at a bystander in the group that
 * blocks everything: what is pending there was sent to the group. The kernel signals a group
 * newest member first, and a witness is always newer than its guard: when the guard sees the
 * signal the witness has it.
 */
#ifndef FP_WITNESS_H
#define FP_WITNESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct fp_witness {
    pid_t pid;         /* 0: none */
    uint64_t presumed; /* pending here when a former witness, that had them too, was replaced */
    bool was_lost;     /* at some time none could be had: that was said */
    char **argv;       /* ours: the witness takes another name, for pkill -f is no group signal */
};

int fp_witness_start(struct fp_witness *witness);

/* It was reaped. Where no other can be had that is said, once, and signals count as sent to us
 * alone. */
void fp_witness_died(struct fp_witness *witness);
void fp_witness_stop(struct fp_witness *witness);

/* Whether the group was sent this signal; to be asked once for each signal received. */
bool fp_witness_saw(struct fp_witness *witness, int sig);

#endif
