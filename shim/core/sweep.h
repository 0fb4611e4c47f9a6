/* Ending what a contained program has left behind: see group.h. */
#ifndef FP_SWEEP_H
#define FP_SWEEP_H

#include <stddef.h>

#include "register.h"

/* How many were asked to end, and how many might not be signalled. */
struct fp_swept {
    size_t asked, beyond;
};

/*
 * Ends every member of the register but the calling process: SIGTERM, five seconds, SIGKILL.
 * Members are those entered; those in groups and sessions of members that still lead them; the
 * descendants of either and of the calling process; and processes whose environment names the
 * register: images without hooks hand it on. Each is looked at again, through a pidfd, before each
 * signal (R9). One that may not be signalled is not waited for.
 *
 * Children of the calling process are reaped on the way. Uses no
 * thread-local storage: the guard has none.
 */
struct fp_swept fp_sweep(struct fp_register *reg, const char *path);

#endif
