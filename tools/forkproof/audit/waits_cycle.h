/* The processes that are stuck, taken apart into those that wait for each other. */
#ifndef FP_WAITS_CYCLE_H
#define FP_WAITS_CYCLE_H

#include "waits.h"

/* All threads of it are. */
bool fp_process_is_stuck(const struct fp_waits *waits, size_t process);

/* Of a look that is solved. -ENOMEM. */
int fp_cycles_find(const struct fp_waits *waits, struct fp_cycles *ret);

#endif
