/* Reading and writing: told only when the descriptor is not open, or not for that. */
#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "wrap_descriptor.h"

ssize_t __read_chk(int fd, void *to, size_t size, size_t room);
ssize_t __pread_chk(int fd, void *to, size_t size, off_t at, size_t room);
ssize_t __recv_chk(int fd, void *to, size_t size, size_t room, int flags);

#define TOUCHES(what, name, parameters, arguments)                                                 \
    FP_EXPORT ssize_t name parameters {                                                            \
        __typeof__(&name) next = FP_NEXT(name);                                                    \
        ssize_t result = next ? next arguments : fp_wrap_result(-ENOSYS);                          \
        if (__builtin_expect(result < 0, 0) && errno == EBADF)                                     \
            tell_bad(what, fd, __builtin_return_address(0));                                       \
        return result;                                                                             \
    }

static __attribute__((noinline)) void tell_bad(enum fp_audit_touched what, int fd,
                                               const void *from) {
    FP_HERE(here);
    fp_watch_bad(what, fd, from, &here);
}

TOUCHES(FP_TOUCHED_READ, read, (int fd, void *to, size_t size), (fd, to, size))
TOUCHES(FP_TOUCHED_READ, readv, (int fd, const struct iovec *to, int count), (fd, to, count))
TOUCHES(FP_TOUCHED_READ, pread, (int fd, void *to, size_t size, off_t at), (fd, to, size, at))
TOUCHES(FP_TOUCHED_READ, pread64, (int fd, void *to, size_t size, off64_t at), (fd, to, size, at))
TOUCHES(FP_TOUCHED_READ, recv, (int fd, void *to, size_t size, int flags), (fd, to, size, flags))
TOUCHES(FP_TOUCHED_WRITE, write, (int fd, const void *from, size_t size), (fd, from, size))
TOUCHES(FP_TOUCHED_WRITE, writev, (int fd, const struct iovec *from, int count), (fd, from, count))
TOUCHES(FP_TOUCHED_WRITE, pwrite, (int fd, const void *from, size_t size, off_t at),
        (fd, from, size, at))
TOUCHES(FP_TOUCHED_WRITE, pwrite64, (int fd, const void *from, size_t size, off64_t at),
        (fd, from, size, at))
TOUCHES(FP_TOUCHED_WRITE, send, (int fd, const void *from, size_t size, int flags),
        (fd, from, size, flags))
TOUCHES(FP_TOUCHED_READ, __read_chk, (int fd, void *to, size_t size, size_t room),
        (fd, to, size, room))
TOUCHES(FP_TOUCHED_READ, __pread_chk, (int fd, void *to, size_t size, off_t at, size_t room),
        (fd, to, size, at, room))
TOUCHES(FP_TOUCHED_READ, __recv_chk, (int fd, void *to, size_t size, size_t room, int flags),
        (fd, to, size, room, flags))
