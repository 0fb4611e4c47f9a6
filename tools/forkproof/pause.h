/* forkproof stop and cont: every member held still, and let go on as it was. */
#ifndef FP_PAUSE_H
#define FP_PAUSE_H

#include "teardown.h"

struct fp_pause {
    bool on;
    struct fp_members stopped; /* by a SIGSTOP of ours */
};

/*
 * At a stroke where the rung can; whoever it does not hold by SIGSTOP, until nobody new is found.
 * -ETIMEDOUT: all are told, and some have not stopped yet.
 */
int fp_pause_begin(struct fp_pause *pause, struct fp_teardown *t);

/* One that was stopped before stays stopped. */
void fp_pause_end(struct fp_pause *pause, struct fp_teardown *t);

#endif
