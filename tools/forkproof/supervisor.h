/* Starts the program, adopts and reaps its orphans, and ends what it leaves behind. */
#ifndef FP_SUPERVISOR_H
#define FP_SUPERVISOR_H

#include "run.h"

/* In the guard's forked child; link is its end of the link. */
_Noreturn void fp_supervisor_main(struct fp_run *run, int link);

#endif
