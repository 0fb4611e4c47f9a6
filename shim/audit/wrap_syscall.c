/* What an audit wraps besides the shim, by number: syscall() (wrap/syscall.c). */
#include "../wrap/note.h"
#include "../wrap/raw.h"
#include "wrap_descriptor.h"
#include "wrap_lock.h"

struct raw {
    const long *call;
    const struct fp_here *here;
};

static long make(const struct raw *raw) {
    return fp_raw_make(raw->call);
}

/* The caller's frame stands for its place: where it will return to is not told here. */
static const void *place_of(const struct raw *raw) {
    return raw->call;
}

static long make_pipe(const struct raw *raw, int flags) {
    long result = make(raw);
    fp_note_pipe_made(raw->here, (const int *)raw->call[1], flags, (int)result);
    return result;
}

static long copy(const struct raw *raw, int flags) {
    int from = (int)raw->call[1];
    long result = make(raw);
    const struct fp_audit_descriptor body = {
        .what = FP_TOUCHED_DUP, .fd = from, .other = (int)result, .flags = (uint32_t)flags};
    if (result >= 0)
        fp_watch_descriptor(&body, NULL, raw->here);
    else if (result == -EBADF)
        fp_watch_bad(FP_TOUCHED_DUP, from, place_of(raw), raw->here);
    return result;
}

static long close_one(const struct raw *raw) {
    int fd = (int)raw->call[1];
    fp_watch_close_begin(fd, raw->here);
    long result = make(raw);
    if (result < 0)
        fp_watch_close_failed(fd, (int)-result, place_of(raw), raw->here);
    return result;
}

static long close_range_of(const struct raw *raw) {
    const long *call = raw->call;
    long result = make(raw);
    if (result == 0)
        fp_watch_close_range((unsigned)call[1], (unsigned)call[2], (unsigned)call[3], raw->here);
    return result;
}

bool fp_note_raw_made(const struct fp_here *here, const long *call, long *ret_result) {
    const struct raw raw = {call, here};
    int flags;
    if (fp_raw_is_pipe(call, &flags)) {
        *ret_result = make_pipe(&raw, flags);
        return true;
    }
    switch (call[0]) {
    case SYS_dup:
#ifdef SYS_dup2
    case SYS_dup2:
#endif
        *ret_result = copy(&raw, 0);
        return true;
    case SYS_dup3:
        *ret_result = copy(&raw, (int)call[3]);
        return true;
    case SYS_mlockall:
        *ret_result = fp_lock_all((unsigned)call[1]);
        return true;
    case SYS_close:
        *ret_result = close_one(&raw);
        return true;
#ifdef SYS_close_range
    case SYS_close_range:
        *ret_result = close_range_of(&raw);
        return true;
#endif
    default:
        return false;
    }
}
