/* The asking side of the control socket: the runs of this user, and an order to one of them. */
#ifndef FP_FIND_H
#define FP_FIND_H

#include <stddef.h>
#include <stdint.h>

#include "control.h"
#include "rundir.h"

#define FP_PLACES 8

/* The runtime directories that a run of this user may be in. */
struct fp_places {
    int fd[FP_PLACES];
    size_t count;
};

struct fp_found {
    int place; /* descriptor of its runtime directory */
    char id[FP_RUN_ID_SIZE];
    char name[FP_RUNNAME_MAX + 1]; /* "" when it was not found by name */
};

/* Opens those that there are. -errno after one line: the one that was asked for is not usable. */
int fp_places_open(struct fp_places *ret);

/* The runs there whose guard is not known to be gone; allocated. -ENOMEM. */
int fp_find_all(const struct fp_places *places, struct fp_found **ret, size_t *ret_count);

/* By name, id, or the beginning of one run's id. -errno after one line. */
int fp_find_run(const struct fp_places *places, const char *text, struct fp_found *ret);

/*
 * Connects and sends, the run's id and name added; a descriptor that the answer comes from. Never
 * blocks. -ECONNREFUSED: it is ending, or gone; -EAGAIN: it takes nothing; -EBADE: what answers is
 * not the run's supervisor.
 */
int fp_find_send(const struct fp_found *run, const struct fp_order *what);

/* Waits for the answer. -ECONNRESET: ended without one; -EAGAIN: none in time; -EBADMSG. */
int fp_find_receive(int fd, int64_t deadline, json_t **ret_answer);

/* What such an error means, as the end of "run … ". */
const char *fp_find_problem(int error);

#endif
