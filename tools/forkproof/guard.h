/* What the caller started: stands for the program towards the caller, and outlives the supervisor.
 */
#ifndef FP_GUARD_H
#define FP_GUARD_H

#include "run.h"

/* Runs the program; returns the exit status. All signals must be blocked. */
int fp_guard_main(struct fp_run *run);

#endif
