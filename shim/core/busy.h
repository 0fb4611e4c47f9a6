/*
 * Whether the calling thread is in the middle of signalling or reaping early. A handler runs above
 * that, and what it waits for there may be its own thread's to finish, or that of another thread
 * which in turn waits for this one.
 */
#ifndef FP_BUSY_H
#define FP_BUSY_H

#include <stdbool.h>

void fp_busy_push(void);
void fp_busy_pop(void);

bool fp_busy(void);

#endif
