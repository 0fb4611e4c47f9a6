/*
 * The control socket in the run's directory: orders from `forkproof ps`, `kill`, `stop` and `cont`.
 *
 * A member can reach it, too, so nothing that comes is waited for or believed: an order is one
 * packet of a fixed form, from the run's user or root; who sends nothing keeps a seat until another
 * needs it.
 */
#ifndef FP_CONTROL_H
#define FP_CONTROL_H

#include <jansson.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#include "rundir.h"
#include "runname.h"

#define FP_CONTROL_FILE "control"
#define FP_CONTROL_SEATS 8
#define FP_CONTROL_FDS (1 + FP_CONTROL_SEATS)
#define FP_CONTROL_ANSWER_MAX 65536

enum fp_order_type {
    FP_ORDER_STATUS,
    FP_ORDER_END,    /* as the run's end would, the root too */
    FP_ORDER_SIGNAL, /* to every member */
    FP_ORDER_STOP,
    FP_ORDER_CONT,
    FP_ORDER_TYPES
};

#define FP_ORDER_MAGIC UINT32_C(0x66703031) /* changes with the form of orders and answers */

struct fp_order {
    uint32_t magic;
    uint32_t type;
    int32_t sig;
    /* Which run it is for: a member may have put a socket, or a name's file, in another's place. */
    char run[FP_RUN_ID_SIZE];
    char name[FP_RUNNAME_MAX + 1]; /* "" when it was not found by name */
};

/* The answer: an object, with "error" when the order was not carried out. */
typedef json_t *(*fp_order_handler)(void *data, const struct fp_order *order);

struct fp_control {
    int listener; /* -1: closed */
    int seats[FP_CONTROL_SEATS];
    unsigned next; /* the seat that is given up when all are taken */
    bool full;     /* there was no descriptor for who wants to be let in */
};

#define FP_CONTROL_CLOSED                                                                          \
    (struct fp_control) {                                                                          \
        .listener = -1, .seats = { -1, -1, -1, -1, -1, -1, -1, -1 }                                \
    }

/* -errno. */
int fp_control_open(struct fp_control *control, int run_fd);

/* Fills in FP_CONTROL_FDS entries; how many milliseconds poll may sleep at most, -1: any. */
int fp_control_watch(const struct fp_control *control, struct pollfd *fds);

/* After poll: lets in, reads, obeys, answers. Never blocks. */
void fp_control_serve(struct fp_control *control, const struct pollfd *fds,
                      fp_order_handler handler, void *data);

/* From here on whoever connects is refused. */
void fp_control_close(struct fp_control *control);

#endif
