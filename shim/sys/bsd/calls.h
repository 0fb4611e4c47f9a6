/*
 * What linux/calls.h has, by what macOS and the BSDs have in common. Each answers -errno and leaves
 * errno alone. Not included by itself: the system's own calls.h says before what it does otherwise.
 *
 * Where a system has nothing of the kind the answer is the one of an old Linux kernel (-ENOSYS),
 * for which the core has its way.
 */
#ifndef FP_SYS_BSD_CALLS_H
#define FP_SYS_BSD_CALLS_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "real.h"
#include "systems.h"

/* A call of libc's convention. */
#define FP_CALL(call)                                                                              \
    __extension__({                                                                                \
        int kept_ = errno;                                                                         \
        long result_ = (long)(call);                                                               \
        if (result_ == -1)                                                                         \
            result_ = -errno;                                                                      \
        errno = kept_;                                                                             \
        result_;                                                                                   \
    })

/* Waits for processes that are no plain children are Linux's. */
#ifndef __WALL
#define __WALL 0
#define __WCLONE 0
#endif
#define __WNOTHREAD 0
#define FP_P_PIDFD (-2) /* no idtype */
#define FP_PIDFD_THREAD 0
#define FP_AT_FDCWD AT_FDCWD
#define FP_SYS_WAITID_CLEARS false

#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x10000
#endif

#define FP_SYS_REGISTERS "/tmp/forkproof-"

/* No file may be opened any more. */
#ifndef FP_SYS_IS_PLEDGED
#define FP_SYS_IS_PLEDGED false
#endif

/* Besides those that Linux has, too: ended by none of them. */
#define FP_SYS_IS_IGNORED(number) ((number) == SIGINFO || (number) == SIGIO)

static inline bool fp_sys_is_secure(void) {
    return issetugid() != 0;
}

/* --- waits --- */

static inline long fp_sys_wait4(pid_t pid, int *user_status, int options,
                                struct rusage *user_usage) {
    return FP_CALL(FP_REAL(wait4)(pid, user_status, options, user_usage));
}

/* --- signals --- */

static inline long fp_sys_kill(pid_t pid, int signal) {
    return FP_CALL(FP_REAL(kill)(pid, signal));
}

static inline long fp_sys_tgkill(pid_t pid, pid_t tid, int signal) {
    (void)pid, (void)tid, (void)signal;
    return -ENOSYS;
}

static inline int fp_sys_pidfd_open(pid_t pid, unsigned flags) {
    (void)pid, (void)flags;
    return -ENOSYS;
}

static inline long fp_sys_pidfd_send_signal(int pidfd, int signal, const siginfo_t *user_info) {
    (void)pidfd, (void)signal, (void)user_info;
    return -ENOSYS;
}

static inline long fp_sys_pidfd_send_signal_as(int pidfd, int signal, const siginfo_t *user_info,
                                               unsigned flags) {
    (void)flags;
    return fp_sys_pidfd_send_signal(pidfd, signal, user_info);
}

/* Bit n - 1 is signal n; signals above 64 (FreeBSD) are not told. */
static inline uint64_t fp_sys_bits_of(const sigset_t *set) {
    uint64_t bits = 0;
    size_t size = sizeof *set < sizeof bits ? sizeof *set : sizeof bits;
    memcpy(&bits, set, size);
    return bits;
}

static inline sigset_t fp_sys_set_of(uint64_t bits) {
    sigset_t set;
    memset(&set, 0, sizeof set);
    memcpy(&set, &bits, sizeof set < sizeof bits ? sizeof set : sizeof bits);
    return set;
}

/* The signals that a mask has bits for. */
#define FP_SYS_MASK (sizeof(sigset_t) < sizeof(uint64_t) ? (uint64_t)UINT32_MAX : UINT64_MAX)

struct fp_sys_action {
    void (*handler)(int);
    unsigned long flags;
    uint64_t mask;
};

static inline long fp_sys_sigaction(int signal, const struct fp_sys_action *action,
                                    struct fp_sys_action *ret_old) {
    struct sigaction new;
    struct sigaction old;
    memset(&new, 0, sizeof new);
    if (action) {
        new.sa_handler = action->handler;
        new.sa_flags = (int)action->flags;
        new.sa_mask = fp_sys_set_of(action->mask);
    }
    long result = FP_CALL(FP_REAL(sigaction)(signal, action ? &new : NULL, &old));
    if (result == 0 && ret_old)
        *ret_old = (struct fp_sys_action){old.sa_handler, (unsigned long)old.sa_flags,
                                          fp_sys_bits_of(&old.sa_mask)};
    return result;
}

typedef sigset_t fp_sys_signals;

static inline fp_sys_signals fp_sys_block_all(void) {
    sigset_t all;
    sigset_t old;
    sigfillset(&all);
    (void)FP_CALL(sigprocmask(SIG_SETMASK, &all, &old));
    return old;
}

static inline void fp_sys_set_blocked(fp_sys_signals set) {
    (void)FP_CALL(sigprocmask(SIG_SETMASK, &set, NULL));
}

static inline void fp_sys_unblock(int signal) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    (void)FP_CALL(sigprocmask(SIG_UNBLOCK, &set, NULL));
}

static inline bool fp_sys_is_blocked(int signal) {
    sigset_t set;
    return FP_CALL(sigprocmask(SIG_BLOCK, NULL, &set)) == 0 && sigismember(&set, signal) == 1;
}

static inline long fp_sys_sigmask(int how, const uint64_t *bits, uint64_t *ret_old) {
    sigset_t set = fp_sys_set_of(*bits);
    sigset_t old;
    long result = FP_CALL(sigprocmask(how, &set, &old));
    if (result == 0 && ret_old)
        *ret_old = fp_sys_bits_of(&old);
    return result;
}

static inline uint64_t fp_sys_sigpending(void) {
    sigset_t set;
    return FP_CALL(sigpending(&set)) == 0 ? fp_sys_bits_of(&set) : 0;
}

/* --- processes --- */

static inline pid_t fp_sys_getpid(void) {
    return getpid();
}

static inline pid_t fp_sys_getppid(void) {
    return getppid();
}

static inline uid_t fp_sys_geteuid(void) {
    return geteuid();
}

static inline pid_t fp_sys_getpgid(pid_t pid) {
    return (pid_t)FP_CALL(getpgid(pid));
}

static inline pid_t fp_sys_getsid(pid_t pid) {
    return (pid_t)FP_CALL(getsid(pid));
}

static inline pid_t fp_sys_setsid(void) {
    return (pid_t)FP_CALL(FP_REAL(setsid)());
}

static inline long fp_sys_setpgid(pid_t pid, pid_t group) {
    return FP_CALL(FP_REAL(setpgid)(pid, group));
}

static inline _Noreturn void fp_sys_exit(int status) {
    for (;;)
        FP_REAL(_exit)(status);
}

/* --- time --- */

/* As the start times of processes are told: by the clock, which can be set. */
static inline struct timespec fp_sys_boot_time(void) {
    struct timespec time = {0, 0};
    (void)FP_CALL(clock_gettime(CLOCK_REALTIME, &time));
    return time;
}

static inline void fp_sys_nap(long nanoseconds) {
    struct timespec time = {0, nanoseconds};
    (void)FP_CALL(nanosleep(&time, NULL));
}

static inline int fp_sys_timer(long nanoseconds) {
    (void)nanoseconds;
    return -ENOSYS;
}

/* --- files --- */

static inline long fp_sys_close(int fd) {
    return FP_CALL(close(fd));
}

static inline long fp_sys_read(int fd, void *to, size_t size) {
    return FP_CALL(read(fd, to, size));
}

static inline long fp_sys_write(int fd, const void *bytes, size_t size) {
    return FP_CALL(write(fd, bytes, size));
}

static inline long fp_sys_seek(int fd, long offset) {
    return FP_CALL(lseek(fd, offset, SEEK_SET));
}

static inline int fp_sys_openat(int dir, const char *path, int flags, unsigned mode) {
    return (int)FP_CALL(openat(dir, path, flags, mode));
}

static inline int fp_sys_open(const char *path, int flags) {
    return fp_sys_openat(AT_FDCWD, path, flags, 0);
}

static inline long fp_sys_mkdir(const char *path, unsigned mode) {
    return FP_CALL(mkdir(path, (mode_t)mode));
}

static inline long fp_sys_unlinkat(int dir, const char *path, int flags) {
    return FP_CALL(unlinkat(dir, path, flags));
}

/* What is asked of Linux's. */
struct statx {
    uint64_t stx_ino, stx_size;
    uint32_t stx_uid;
    uint16_t stx_mode;
};

static inline long fp_sys_statx(int dir, const char *path, int flags, struct statx *ret) {
    struct stat status;
    long result = flags & AT_EMPTY_PATH ? FP_CALL(fstat(dir, &status))
                                        : FP_CALL(fstatat(dir, path, &status, flags));
    if (result == 0)
        *ret = (struct statx){(uint64_t)status.st_ino, (uint64_t)status.st_size,
                              (uint32_t)status.st_uid, (uint16_t)status.st_mode};
    return result;
}

/* Written, not asked for: not every file system here can do that without. */
static inline long fp_sys_fallocate(int fd, size_t size) {
    static const char nothing[4096];
    for (size_t done = 0; done < size;) {
        size_t piece = size - done < sizeof nothing ? size - done : sizeof nothing;
        long result = FP_CALL(pwrite(fd, nothing, piece, (off_t)done));
        if (result <= 0)
            return result < 0 ? result : -ENOSPC;
        done += (size_t)result;
    }
    return 0;
}

static inline uint64_t fp_sys_file_limit(void) {
    struct rlimit limit = {0, 0};
    (void)FP_CALL(getrlimit(RLIMIT_FSIZE, &limit));
    return (uint64_t)limit.rlim_cur;
}

static inline void fp_sys_clear_cloexec(int fd) {
    (void)FP_CALL(fcntl(fd, F_SETFD, 0));
}

static inline bool fp_sys_is_pipe(int fd) {
    struct stat status;
    return FP_CALL(fstat(fd, &status)) == 0 && S_ISFIFO(status.st_mode);
}

static inline bool fp_sys_is_same_file(const char *a, const char *b) {
    struct stat of_a;
    struct stat of_b;
    return FP_CALL(stat(a, &of_a)) == 0 && FP_CALL(stat(b, &of_b)) == 0 &&
           of_a.st_ino == of_b.st_ino && of_a.st_dev == of_b.st_dev;
}

static inline long fp_sys_readlink(const char *path, char *to, size_t size) {
    return FP_CALL(readlink(path, to, size));
}

/* The length of the name, its end included. */
static inline long fp_sys_getcwd(char *to, size_t size) {
    int kept = errno;
    long result = getcwd(to, size) ? (long)strlen(to) + 1 : -errno;
    errno = kept;
    return result;
}

static inline bool fp_sys_takes_bytes(int fd) {
    struct pollfd fds = {fd, POLLOUT, 0};
    return FP_CALL(poll(&fds, 1, 0)) == 1 && fds.revents == POLLOUT;
}

/* --- memory --- */

static inline void *fp_sys_map_as(size_t size, int flags, int fd) {
    int kept = errno;
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);
    errno = kept;
    return at == MAP_FAILED ? NULL : at;
}

static inline void *fp_sys_map(size_t size) {
    return fp_sys_map_as(size, MAP_PRIVATE | MAP_ANON, -1);
}

static inline void *fp_sys_map_file(int fd, size_t size) {
    return fp_sys_map_as(size, MAP_SHARED, fd);
}

static inline void fp_sys_unmap(void *at, size_t size) {
    (void)FP_CALL(munmap(at, size));
}

struct fp_sys_run {
    void *user_to;
    const void *from;
    size_t size;
};

#if !defined(__APPLE__) // which can copy its own memory with care
#define FP_SYS_PIPE_HOLDS 4096

/* Through a pipe that lives for this call: the kernel finds out whether the memory is good. Without
 * descriptors to be had it is copied as libc would, which does not look. */
static inline long fp_sys_copy(void *to, const void *from, size_t size) {
    int ends[2];
    long result = FP_CALL(FP_REAL(pipe2)(ends, O_CLOEXEC | O_NONBLOCK));
    if (result == -EMFILE || result == -ENFILE)
        return memcpy(to, from, size), 0;
    if (result < 0)
        return result;
    for (size_t done = 0; result >= 0 && done < size;) {
        size_t piece = size - done < FP_SYS_PIPE_HOLDS ? size - done : FP_SYS_PIPE_HOLDS;
        result = FP_CALL(write(ends[1], (const char *)from + done, piece));
        if (result == (long)piece)
            result = FP_CALL(read(ends[0], (char *)to + done, piece));
        if (result >= 0 && result != (long)piece)
            result = -EFAULT;
        done += piece;
    }
    (void)FP_CALL(close(ends[0]));
    (void)FP_CALL(close(ends[1]));
    return result < 0 ? result : 0;
}

static inline bool fp_sys_is_readable(const void *user_at) {
    uint64_t word;
    uintptr_t at = (uintptr_t)user_at & ~(uintptr_t)7;
    return at != 0 && fp_sys_copy(&word, (const void *)at, sizeof word) == 0;
}
#else
long fp_sys_copy(void *to, const void *from, size_t size);
bool fp_sys_is_readable(const void *user_at);
#endif

static inline long fp_sys_copy_out(const struct fp_sys_run *runs, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (fp_sys_copy(runs[i].user_to, runs[i].from, runs[i].size) < 0)
            return -EFAULT;
    return 0;
}

static inline long fp_sys_copy_in(void *to, const void *user_from, size_t size) {
    return fp_sys_copy(to, user_from, size) == 0 ? 0 : -EFAULT;
}

#endif
