/*
 * The pids that the calling thread is in the middle of signalling or reaping. A handler runs above
 * that, and what it waits for there may be its own thread's to finish.
 */
#ifndef FP_BUSY_H
#define FP_BUSY_H

#include <stdbool.h>
#include <sys/types.h>

void fp_busy_push(pid_t pid);
void fp_busy_pop(void);

/* True, too, when handlers are nested too deep to tell. */
bool fp_busy_with(pid_t pid);

#endif
