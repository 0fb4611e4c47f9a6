/* From a forked child to the program. */
#ifndef FP_LAUNCH_H
#define FP_LAUNCH_H

#include "run.h"

/*
 * Waits for a byte on `barrier` (its end without one is the supervisor's death), gives back what
 * the caller had set, and executes the program. On failure writes errno to `result`.
 */
_Noreturn void fp_launch(const struct fp_run *run, int barrier, int result);

#endif
