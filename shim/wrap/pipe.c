/*
 * pipe, pipe2, and dup2 of a descriptor onto itself: passed through, except under pipes=cloexec.
 */
#include <stdbool.h>
#include <unistd.h>

#include "note.h"
#include "pipes.h"
#include "settings.h"
#include "symbol.h"
#include "wrap.h"

static bool closed_by_exec(void) {
    return fp_settings.options.pipes == FP_PIPES_CLOEXEC;
}

static int make_pipe(int ends[2]) {
    if (closed_by_exec())
        return (int)fp_wrap_result(fp_pipes_make(ends, 0));
    __typeof__(&pipe) next = FP_NEXT(pipe);
    return next ? next(ends) : (int)fp_wrap_result(-ENOSYS);
}

FP_EXPORT int pipe(int ends[2]) {
    FP_NOTE(note);
    int result = make_pipe(ends);
    fp_note_pipe(&note, ends, 0, fp_note_result(result));
    return result;
}
FP_EXPORT_AS(__pipe, pipe);

static int make_pipe2(int ends[2], int flags) {
    if (closed_by_exec())
        return (int)fp_wrap_result(fp_pipes_make(ends, flags));
    __typeof__(&pipe2) next = FP_NEXT(pipe2);
    return next ? next(ends, flags) : (int)fp_wrap_result(-ENOSYS);
}

FP_EXPORT int pipe2(int ends[2], int flags) {
    FP_NOTE(note);
    int result = make_pipe2(ends, flags);
    fp_note_pipe(&note, ends, flags, fp_note_result(result));
    return result;
}

FP_EXPORT int dup2(int from, int to) {
    FP_NOTE(note);
    __typeof__(&dup2) next = FP_NEXT(dup2);
    if (from == to && closed_by_exec())
        fp_pipes_keep_open(from);
    int result = next ? next(from, to) : (int)fp_wrap_result(-ENOSYS);
    fp_note_dup2(&note, from, to, fp_note_result(result));
    return result;
}
FP_EXPORT_AS(__dup2, dup2);
