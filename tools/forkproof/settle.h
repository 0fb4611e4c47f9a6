/*
 * Who is about to end by itself when the root has ended, and so is not left behind: by what the
 * kernel says that each does, not by how long it takes. One that reads the end of a pipe which the
 * root held, or that was just signalled, runs until it ends; what lives on sleeps, or has had its
 * share of a processor since and still wants more.
 */
#ifndef FP_SETTLE_H
#define FP_SETTLE_H

#include <stdbool.h>
#include <stddef.h>

#include "teardown.h"

#define FP_SETTLING 32
#define FP_SETTLING_OF FP_LEFT_MAX

struct fp_settling {
    struct fp_runner {
        pid_t pid;
        uint64_t start, ticks; /* of a processor that it had had when it was seen first */
    } at[FP_SETTLING];
    size_t count;
};

/* Lists members; whether some of them may be about to end, so that another look will tell. Where
 * more are left, or more than FP_SETTLING run, they are no stragglers. */
bool fp_settle_look(struct fp_settling *settling, struct fp_teardown *t);

#endif
