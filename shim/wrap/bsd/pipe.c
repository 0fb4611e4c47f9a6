/* pipe, pipe2, and dup2 of a descriptor onto itself: passed through, except under pipes=cloexec. */
#include "pipes.h"
#include "wrap.h"

static bool closed_by_exec(void) {
    return fp_settings.options.pipes == FP_PIPES_CLOEXEC;
}

FP_WRAP(int, pipe, (int ends[2])) {
    return closed_by_exec() ? (int)fp_wrap_result(fp_pipes_make(ends, 0)) : FP_REAL(pipe)(ends);
}

#if !defined(__APPLE__)
FP_WRAP(int, pipe2, (int ends[2], int flags)) {
    return closed_by_exec() ? (int)fp_wrap_result(fp_pipes_make(ends, flags))
                            : FP_REAL(pipe2)(ends, flags);
}
#endif

FP_WRAP(int, dup2, (int from, int to)) {
    if (from == to && closed_by_exec())
        fp_pipes_keep_open(from);
    return FP_REAL(dup2)(from, to);
}
