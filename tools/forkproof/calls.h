/* System calls that block, by the number that /proc/PID/syscall shows: of this build's own ABI. */
#ifndef FP_CALLS_H
#define FP_CALLS_H

#include <stdbool.h>

struct fp_call {
    long number;
    const char *name;
    bool of_descriptor; /* its first argument is one */
};

/* NULL: none that is known to block. */
const struct fp_call *fp_call_find(long number);

#endif
