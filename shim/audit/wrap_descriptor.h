/* Wrappers of calls that open descriptors. */
#ifndef FP_AUDIT_WRAP_DESCRIPTOR_H
#define FP_AUDIT_WRAP_DESCRIPTOR_H

#include <fcntl.h>
#include <stdio.h>

#include "../wrap/wrap.h"
#include "symbol.h"
#include "watch.h"

#define FP_HERE(here)                                                                              \
    struct fp_here here;                                                                           \
    fp_here_take(&here)

/* A descriptor, or -1 with errno, which is passed on: only a success is told. `path` or NULL. */
static inline int fp_tell_opened(int fd, int flags, const char *path, const struct fp_here *here) {
    const struct fp_audit_descriptor body = {
        .what = FP_TOUCHED_OPEN, .fd = fd, .other = -1, .flags = (uint32_t)flags};
    if (fd >= 0)
        fp_watch_descriptor(&body, path, here);
    return fd;
}

/* A copy of `from`, or -1 with errno: told, too, when `from` is not open. */
static inline int fp_tell_copied(int from, int fd, int flags, const void *caller,
                                 const struct fp_here *here) {
    const struct fp_audit_descriptor body = {
        .what = FP_TOUCHED_DUP, .fd = from, .other = fd, .flags = (uint32_t)flags};
    if (fd >= 0)
        fp_watch_descriptor(&body, NULL, here);
    else if (errno == EBADF)
        fp_watch_bad(FP_TOUCHED_DUP, from, caller, here);
    return fd;
}

/* -1: it has none. errno is kept. */
static inline int fp_number_of(FILE *stream) {
    __typeof__(&fileno) next = FP_NEXT(fileno);
    int error = errno;
    int fd = next ? next(stream) : -1;
    errno = error;
    return fd;
}

/* Of a stream that is opened with this mode; popen's may begin with "e". */
static inline int fp_flags_of(const char *mode) {
    int flags = mode[mode[0] == 'e'] == 'r' ? O_RDONLY : O_WRONLY | O_CREAT;
    for (; *mode; mode++)
        flags |= *mode == 'e' ? O_CLOEXEC : 0;
    return flags;
}

#endif
