/*
 * Descriptors come and go. Each wrapper calls libc's function and tells of what it has opened.
 * Those that are cancellation points stay so: nothing is held around the call.
 */
#include "wrap_descriptor.h"

#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "sys.h"

/* One that returns a descriptor: its parameters, its arguments, and the flags to tell. */
#define OPENS(name, parameters, arguments, flags) OPENS_AS(name, parameters, arguments, flags, NULL)
#define OPENS_PATH(name, parameters, arguments, flags)                                             \
    OPENS_AS(name, parameters, arguments, flags, path)
#define OPENS_AS(name, parameters, arguments, flags, path_or_null)                                 \
    FP_EXPORT int name parameters {                                                                \
        FP_HERE(here);                                                                             \
        __typeof__(&name) next = FP_NEXT(name);                                                    \
        int fd = next ? next arguments : (int)fp_wrap_result(-ENOSYS);                             \
        return fp_tell_opened(fd, flags, path_or_null, &here);                                     \
    }

OPENS(socket, (int family, int type, int protocol), (family, type, protocol), type &O_CLOEXEC)
OPENS(eventfd, (unsigned value, int flags), (value, flags), flags)
OPENS(timerfd_create, (int clock, int flags), (clock, flags), flags)
OPENS(signalfd, (int fd_, const sigset_t *set, int flags), (fd_, set, flags), flags)
OPENS(epoll_create, (int size), (size), 0)
OPENS(epoll_create1, (int flags), (flags), flags)
OPENS(inotify_init, (void), (), 0)
OPENS(inotify_init1, (int flags), (flags), flags)
OPENS(mkstemp, (char *path), (path), 0)
OPENS(mkstemp64, (char *path), (path), 0)
OPENS(mkostemp, (char *path, int flags), (path, flags), flags)
OPENS(mkostemp64, (char *path, int flags), (path, flags), flags)

/* By other names: libc's prototypes have types of their own. */
int accept_told(int listener, void *address, socklen_t *length) __asm__("accept");
int accept4_told(int listener, void *address, socklen_t *length, int flags) __asm__("accept4");

FP_EXPORT int accept_told(int listener, void *address, socklen_t *length) {
    FP_HERE(here);
    __typeof__(&accept_told) next = FP_NEXT_BY(accept_told, fp_symbol_next("accept"));
    int fd = next ? next(listener, address, length) : (int)fp_wrap_result(-ENOSYS);
    return fp_tell_opened(fd, 0, NULL, &here);
}

FP_EXPORT int accept4_told(int listener, void *address, socklen_t *length, int flags) {
    FP_HERE(here);
    __typeof__(&accept4_told) next = FP_NEXT_BY(accept4_told, fp_symbol_next("accept4"));
    int fd = next ? next(listener, address, length, flags) : (int)fp_wrap_result(-ENOSYS);
    return fp_tell_opened(fd, flags & O_CLOEXEC, NULL, &here);
}

/* From Linux 3.17, whatever libc knows of it. */
FP_EXPORT int memfd_create(const char *name, unsigned flags) {
    FP_HERE(here);
    int fd = (int)fp_wrap_result(fp_syscall(SYS_memfd_create, (long)name, (long)flags, 0, 0, 0, 0));
    return fp_tell_opened(fd, flags & MFD_CLOEXEC ? O_CLOEXEC : 0, name, &here);
}

FP_EXPORT int socketpair(int family, int type, int protocol, int ends[2]) {
    FP_HERE(here);
    __typeof__(&socketpair) next = FP_NEXT(socketpair);
    int result = next ? next(family, type, protocol, ends) : (int)fp_wrap_result(-ENOSYS);
    if (result == 0) {
        const struct fp_audit_descriptor body = {.what = FP_TOUCHED_SOCKETPAIR,
                                                 .fd = ends[0],
                                                 .other = ends[1],
                                                 .flags = (uint32_t)type & O_CLOEXEC};
        fp_watch_descriptor(&body, NULL, &here);
    }
    return result;
}

/* --- open --- */

int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int directory, const char *path, int flags);
int __openat64_2(int directory, const char *path, int flags);

/* The mode is there only when a file may be made. */
#define MODE(flags)                                                                                \
    __extension__({                                                                                \
        va_list list_;                                                                             \
        va_start(list_, flags);                                                                    \
        unsigned mode_ =                                                                           \
            (flags)&O_CREAT || ((flags)&O_TMPFILE) == O_TMPFILE ? va_arg(list_, unsigned) : 0;     \
        va_end(list_);                                                                             \
        mode_;                                                                                     \
    })

OPENS_PATH(open, (const char *path, int flags, ...), (path, flags, MODE(flags)), flags)
OPENS_PATH(open64, (const char *path, int flags, ...), (path, flags, MODE(flags)), flags)
OPENS_PATH(openat, (int directory, const char *path, int flags, ...),
           (directory, path, flags, MODE(flags)), flags)
OPENS_PATH(openat64, (int directory, const char *path, int flags, ...),
           (directory, path, flags, MODE(flags)), flags)
OPENS_PATH(__open_2, (const char *path, int flags), (path, flags), flags)
OPENS_PATH(__open64_2, (const char *path, int flags), (path, flags), flags)
OPENS_PATH(__openat_2, (int directory, const char *path, int flags), (directory, path, flags),
           flags)
OPENS_PATH(__openat64_2, (int directory, const char *path, int flags), (directory, path, flags),
           flags)
OPENS_PATH(creat, (const char *path, mode_t mode), (path, mode), O_CREAT | O_WRONLY | O_TRUNC)
OPENS_PATH(creat64, (const char *path, mode_t mode), (path, mode), O_CREAT | O_WRONLY | O_TRUNC)

/* --- copies --- */

FP_EXPORT int dup(int from) {
    FP_HERE(here);
    __typeof__(&dup) next = FP_NEXT(dup);
    int fd = next ? next(from) : (int)fp_wrap_result(-ENOSYS);
    return fp_tell_copied(from, fd, 0, __builtin_return_address(0), &here);
}

FP_EXPORT int dup3(int from, int to, int flags) {
    FP_HERE(here);
    __typeof__(&dup3) next = FP_NEXT(dup3);
    int fd = next ? next(from, to, flags) : (int)fp_wrap_result(-ENOSYS);
    return fp_tell_copied(from, fd, flags, __builtin_return_address(0), &here);
}

static void tell_fcntl(int fd, int command, long argument, int result, const void *caller,
                       const struct fp_here *here) {
    if (command == F_DUPFD || command == F_DUPFD_CLOEXEC)
        (void)fp_tell_copied(fd, result, command == F_DUPFD ? 0 : O_CLOEXEC, caller, here);
    if (command != F_SETFD || result < 0)
        return;
    const struct fp_audit_descriptor body = {
        .what = FP_TOUCHED_FLAGS, .fd = fd, .other = -1, .flags = (uint32_t)argument};
    fp_watch_descriptor(&body, NULL, here);
}

/* What the argument is, or whether there is one, is between the caller and libc. */
#define CONTROLS(name)                                                                             \
    FP_EXPORT int name(int fd, int command, ...) {                                                 \
        FP_HERE(here);                                                                             \
        __typeof__(&name) next = FP_NEXT(name);                                                    \
        va_list list;                                                                              \
        va_start(list, command);                                                                   \
        void *argument = va_arg(list, void *);                                                     \
        va_end(list);                                                                              \
        int result = next ? next(fd, command, argument) : (int)fp_wrap_result(-ENOSYS);            \
        tell_fcntl(fd, command, (long)argument, result, __builtin_return_address(0), &here);       \
        return result;                                                                             \
    }
CONTROLS(fcntl)
CONTROLS(fcntl64)

/* --- close --- */

FP_EXPORT int close(int fd) {
    FP_HERE(here);
    __typeof__(&close) next = FP_NEXT(close);
    fp_watch_close_begin(fd, &here);
    int result = next ? next(fd) : (int)fp_wrap_result(-ENOSYS);
    if (result < 0)
        fp_watch_close_failed(fd, errno, __builtin_return_address(0), &here);
    return result;
}
FP_EXPORT_AS(__close, close);

/* From glibc 2.34. */
int close_range(unsigned first, unsigned last, int flags);
void closefrom(int first);

static int close_range_told(unsigned first, unsigned last, int flags) {
    FP_HERE(here);
    __typeof__(&close_range) next = FP_NEXT(close_range);
    int result = next ? next(first, last, flags) : (int)fp_wrap_result(-ENOSYS);
    if (result == 0)
        fp_watch_close_range(first, last, (unsigned)flags, &here);
    return result;
}
FP_EXPORT_IF_IN_LIBC(close_range, close_range_told);

static void closefrom_told(int first) {
    FP_HERE(here);
    __typeof__(&closefrom) next = FP_NEXT(closefrom);
    if (next)
        next(first);
    fp_watch_close_range(first > 0 ? (unsigned)first : 0, UINT32_MAX, 0, &here);
}
FP_EXPORT_IF_IN_LIBC(closefrom, closefrom_told);

/* --- for a spawn --- */

FP_EXPORT int posix_spawn_file_actions_addclose(posix_spawn_file_actions_t *actions, int fd) {
    __typeof__(&posix_spawn_file_actions_addclose) next =
        FP_NEXT(posix_spawn_file_actions_addclose);
    fp_watch_spawn_closes(fd, false);
    return next ? next(actions, fd) : ENOSYS;
}

/* From glibc 2.34. */
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

FP_EXPORT int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions,
                                                       int from) {
    __typeof__(&posix_spawn_file_actions_addclosefrom_np) next =
        FP_NEXT(posix_spawn_file_actions_addclosefrom_np);
    fp_watch_spawn_closes(from, true);
    return next ? next(actions, from) : ENOSYS;
}
