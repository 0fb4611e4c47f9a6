/* A call of syscall(): call[0] is the number, call[1] to call[6] are the arguments. */
#ifndef FP_WRAP_RAW_H
#define FP_WRAP_RAW_H

#include <stdbool.h>
#include <sys/syscall.h>

#include "sys.h"

static inline long fp_raw_make(const long *call) {
    return fp_syscall(call[0], call[1], call[2], call[3], call[4], call[5], call[6]);
}

/* Whether it makes a pipe; with which flags. */
static inline bool fp_raw_is_pipe(const long *call, int *ret_flags) {
    *ret_flags = call[0] == SYS_pipe2 ? (int)call[2] : 0;
#ifdef SYS_pipe
    if (call[0] == SYS_pipe)
        return true;
#endif
    return call[0] == SYS_pipe2;
}

#endif
