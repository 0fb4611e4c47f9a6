/*
 * A third subreaper between guard and supervisor, for the case that those two are killed: what
 * they held comes to it. It sleeps until the supervisor has ended; continues it when somebody
 * stops it; and stands in for it, towards the guard too, when it was killed.
 */
#ifndef FP_KEEPER_H
#define FP_KEEPER_H

#include "run.h"

/* In the guard's forked child; link is the supervisor's end of the link. */
_Noreturn void fp_keeper_main(struct fp_run *run, int link);

#endif
