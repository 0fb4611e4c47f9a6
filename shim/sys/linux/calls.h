/*
 * The system calls the shim makes, by their kernel names. Each answers -errno and leaves errno
 * alone; each is async-signal-safe and no cancellation point. Pointers marked `user` are the
 * program's own and are only ever touched by the kernel, so a bad one is EFAULT, never a fault.
 * Source: the man pages of section 2.
 */
#ifndef FP_SYS_LINUX_CALLS_H
#define FP_SYS_LINUX_CALLS_H

#include <alloca.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>

#include "clone.h"
#include "syscall.h"
#include "systems.h"

/* Times and usages go to the kernel in its first layout, where a second is a long. */
_Static_assert(sizeof(time_t) == sizeof(long), "built with a time_t that the system calls lack");

/* The kernel's idtype for waitid on a pidfd (5.4); older headers lack the name. */
#define FP_P_PIDFD 3
#define FP_PIDFD_THREAD 0200 /* pidfd_open, Linux 6.9 */

#define FP_AT_FDCWD (-100)

/* What is otherwise elsewhere (systems.h): everything is there, and by these names. */
#define FP_HAS(ability) FP_FULL
#define FP_SYS_PRELOAD "LD_PRELOAD"
#define FP_SYS_REGISTERS "/dev/shm/forkproof-" // in memory, where everybody may write
#define FP_SYS_IS_IGNORED(number) false
#define FP_SYS_IS_PLEDGED false // files can be opened
#define FP_SYS_MASK UINT64_MAX
#define FP_SYS_STATUS_CONTINUED 0xffff
#define FP_SYS_TRAPPED WSTOPPED   /* by what waitid is asked for a traced child's stops */
#define FP_SYS_WAITID_CLEARS true /* what is told when there is nothing to tell is written, too */
#define FP_SYS_WAITID_OPTIONS(wait4_options) (wait4_options)
#define FP_SYS_WAIT4_OPTIONS(waitid_options) (waitid_options)

extern char **environ __attribute__((weak));

static inline char **fp_sys_environ(void) {
    return &environ ? environ : NULL;
}

extern unsigned long getauxval(unsigned long) __attribute__((weak)); // glibc 2.16, musl

/* The program has rights that its caller has not: it is setuid, or has capabilities of its file. */
static inline bool fp_sys_is_secure(void) {
    return getauxval && getauxval(23 /* AT_SECURE */);
}

static inline long fp_sys_wait4(pid_t pid, int *user_status, int options,
                                struct rusage *user_usage) {
    return fp_syscall(SYS_wait4, pid, (long)user_status, options, (long)user_usage, 0, 0);
}

/* Unlike libc's, fills *user_usage too; answers 0 and si_pid 0 when WNOHANG found nothing. */
static inline long fp_sys_waitid(int idtype, long id, siginfo_t *user_info, int options,
                                 struct rusage *user_usage) {
    return fp_syscall(SYS_waitid, idtype, id, (long)user_info, options, (long)user_usage, 0);
}

static inline long fp_sys_kill(pid_t pid, int signal) {
    return fp_syscall(SYS_kill, pid, signal, 0, 0, 0, 0);
}

/* To one thread of a process. */
static inline long fp_sys_tgkill(pid_t pid, pid_t tid, int signal) {
    return fp_syscall(SYS_tgkill, pid, tid, signal, 0, 0, 0);
}

static inline long fp_sys_sigqueue(pid_t pid, int signal, const siginfo_t *user_info) {
    return fp_syscall(SYS_rt_sigqueueinfo, pid, signal, (long)user_info, 0, 0, 0);
}

static inline pid_t fp_sys_getpid(void) {
    return (pid_t)fp_syscall(SYS_getpid, 0, 0, 0, 0, 0, 0);
}

static inline pid_t fp_sys_gettid(void) {
    return (pid_t)fp_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0);
}

static inline pid_t fp_sys_setsid(void) {
    return (pid_t)fp_syscall(SYS_setsid, 0, 0, 0, 0, 0, 0);
}

static inline long fp_sys_setpgid(pid_t pid, pid_t group) {
    return fp_syscall(SYS_setpgid, pid, group, 0, 0, 0, 0);
}

static inline pid_t fp_sys_getppid(void) {
    return (pid_t)fp_syscall(SYS_getppid, 0, 0, 0, 0, 0, 0);
}

static inline uid_t fp_sys_geteuid(void) {
    return (uid_t)fp_syscall(FP_SYS_GETEUID, 0, 0, 0, 0, 0, 0);
}

static inline uid_t fp_sys_getuid(void) {
    return (uid_t)fp_syscall(FP_SYS_GETUID, 0, 0, 0, 0, 0, 0);
}

/* Works on zombies, too. */
static inline pid_t fp_sys_getpgid(pid_t pid) {
    return (pid_t)fp_syscall(SYS_getpgid, pid, 0, 0, 0, 0, 0);
}

/* Of signals; to the kernel it is made of longs. */
typedef uint64_t fp_sys_set __attribute__((aligned(__alignof__(long))));

/* A disposition as the kernel has it: the structure is not libc's. */
struct fp_sys_action {
    void (*handler)(int);
    unsigned long flags;
#ifndef FP_SYS_NO_RESTORER
    void *restorer;
#endif
    fp_sys_set mask;
};

static inline long fp_sys_sigaction(int signal, const struct fp_sys_action *user_action,
                                    struct fp_sys_action *user_old) {
    return fp_syscall(SYS_rt_sigaction, signal, (long)user_action, (long)user_old, sizeof(uint64_t),
                      0, 0);
}

/* All that a thread can block. */
typedef uint64_t fp_sys_signals;

/* Blocks every signal in the calling thread; returns those that were blocked. */
static inline fp_sys_signals fp_sys_block_all(void) {
    uint64_t all = ~(uint64_t)0;
    uint64_t old = 0;
    (void)fp_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&old, sizeof all, 0, 0);
    return old;
}

static inline void fp_sys_set_blocked(fp_sys_signals set) {
    (void)fp_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&set, 0, sizeof set, 0, 0);
}

/* In the calling thread. */
static inline void fp_sys_unblock(int signal) {
    uint64_t set = (uint64_t)1 << (signal - 1);
    (void)fp_syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, (long)&set, 0, sizeof set, 0, 0);
}

/* The signals that the calling thread blocks; bit 0 is signal 1. */
static inline uint64_t fp_sys_blocked(void) {
    uint64_t set = 0;
    (void)fp_syscall(SYS_rt_sigprocmask, SIG_BLOCK, 0, (long)&set, sizeof set, 0, 0);
    return set;
}

static inline bool fp_sys_is_blocked(int signal) {
    return fp_sys_blocked() >> (signal - 1) & 1;
}

static inline int fp_sys_pidfd_open(pid_t pid, unsigned flags) {
    return (int)fp_syscall(SYS_pidfd_open, pid, (long)flags, 0, 0, 0, 0);
}

static inline long fp_sys_pidfd_send_signal(int pidfd, int signal, const siginfo_t *user_info) {
    return fp_syscall(SYS_pidfd_send_signal, pidfd, signal, (long)user_info, 0, 0, 0);
}

/* With flags of the program's own. */
static inline long fp_sys_pidfd_send_signal_as(int pidfd, int signal, const siginfo_t *user_info,
                                               unsigned flags) {
    return fp_syscall(SYS_pidfd_send_signal, pidfd, signal, (long)user_info, (long)flags, 0, 0);
}

static inline long fp_sys_prctl(int option, long a, long b, long c, long d) {
    return fp_syscall(SYS_prctl, option, a, b, c, d, 0);
}

static inline long fp_sys_close(int fd) {
    return fp_syscall(SYS_close, fd, 0, 0, 0, 0, 0);
}

static inline long fp_sys_write(int fd, const void *bytes, size_t size) {
    return fp_syscall(SYS_write, fd, (long)bytes, (long)size, 0, 0, 0);
}

static inline long fp_sys_pipe2(int *user_ends, int flags) {
    return fp_syscall(SYS_pipe2, (long)user_ends, flags, 0, 0, 0, 0);
}

/* exec leaves it open. */
static inline void fp_sys_clear_cloexec(int fd) {
    (void)fp_syscall(SYS_fcntl, fd, F_SETFD, 0, 0, 0, 0);
}

/* False, too, before 4.11. */
static inline bool fp_sys_is_pipe(int fd) {
    struct statx status = {0};
    long result = fp_syscall(SYS_statx, fd, (long)"", AT_EMPTY_PATH, STATX_TYPE, (long)&status, 0);
    return result == 0 && S_ISFIFO(status.stx_mode);
}

/* Both paths lead to one file. False, too, before 4.11. */
static inline bool fp_sys_is_same_file(const char *a, const char *b) {
    struct statx of_a = {0};
    struct statx of_b = {0};
    if (fp_syscall(SYS_statx, AT_FDCWD, (long)a, 0, STATX_INO, (long)&of_a, 0) < 0 ||
        fp_syscall(SYS_statx, AT_FDCWD, (long)b, 0, STATX_INO, (long)&of_b, 0) < 0)
        return false;
    return of_a.stx_ino == of_b.stx_ino && of_a.stx_dev_major == of_b.stx_dev_major &&
           of_a.stx_dev_minor == of_b.stx_dev_minor;
}

/* The length of what it says, which is cut off at size and not terminated. */
static inline long fp_sys_readlink(const char *path, char *to, size_t size) {
    return fp_syscall(SYS_readlinkat, AT_FDCWD, (long)path, (long)to, (long)size, 0, 0);
}

/* The length of the name, its end included. */
static inline long fp_sys_getcwd(char *to, size_t size) {
    return fp_syscall(SYS_getcwd, (long)to, (long)size, 0, 0, 0, 0);
}

static inline int fp_sys_open(const char *path, int flags) {
    return (int)fp_syscall(SYS_openat, FP_AT_FDCWD, (long)path, flags, 0, 0, 0);
}

static inline int fp_sys_openat(int dir, const char *path, int flags, unsigned mode) {
    return (int)fp_syscall(SYS_openat, dir, (long)path, flags, (long)mode, 0, 0);
}

static inline long fp_sys_mkdir(const char *path, unsigned mode) {
    return fp_syscall(SYS_mkdirat, FP_AT_FDCWD, (long)path, (long)mode, 0, 0, 0);
}

static inline long fp_sys_unlinkat(int dir, const char *path, int flags) {
    return fp_syscall(SYS_unlinkat, dir, (long)path, flags, 0, 0, 0);
}

/* The same structure on every architecture; flags as for statx(2). */
static inline long fp_sys_statx(int dir, const char *path, int flags, struct statx *ret) {
    return fp_syscall(SYS_statx, dir, (long)path, flags, STATX_BASIC_STATS, (long)ret, 0);
}

static inline long fp_sys_fallocate(int fd, size_t size) {
    if (sizeof(long) == 4) // offset and length are two words each
        return fp_syscall(SYS_fallocate, fd, 0, 0, 0, (long)size, 0);
    return fp_syscall(SYS_fallocate, fd, 0, 0, (long)size, 0, 0);
}

/* The size beyond which growing a file ends the process by SIGXFSZ. */
static inline uint64_t fp_sys_file_limit(void) {
    uint64_t limit[2] = {0, 0};
    (void)fp_syscall(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, (long)limit, 0, 0);
    return limit[0];
}

/* A memfd that nobody can make smaller: what is mapped of it stays. */
static inline bool fp_sys_is_sealed(int fd) {
    enum { GET_SEALS = 1034, SEAL_SHRINK = 2 };
    long seals = fp_syscall(SYS_fcntl, fd, GET_SEALS, 0, 0, 0, 0);
    return seals >= 0 && (seals & SEAL_SHRINK);
}

static inline pid_t fp_sys_getsid(pid_t pid) {
    return (pid_t)fp_syscall(SYS_getsid, pid, 0, 0, 0, 0, 0);
}

/* Within 2 GiB, for every class. */
static inline long fp_sys_seek(int fd, long offset) {
    return fp_syscall(SYS_lseek, fd, offset, SEEK_SET, 0, 0, 0);
}

static inline long fp_sys_read(int fd, void *to, size_t size) {
    return fp_syscall(SYS_read, fd, (long)to, (long)size, 0, 0, 0);
}

/* Entries as the kernel writes them, 64 bits wide on every machine. */
static inline long fp_sys_getdents(int fd, void *to, size_t size) {
    return fp_syscall(SYS_getdents64, fd, (long)to, (long)size, 0, 0, 0);
}

/* Whether somebody takes what is written there, now. */
static inline bool fp_sys_takes_bytes(int fd) {
    struct pollfd poll = {fd, POLLOUT, 0};
    struct timespec at_once = {0, 0};
    return fp_syscall(SYS_ppoll, (long)&poll, 1, (long)&at_once, 0, 0, 0) == 1 &&
           poll.revents == POLLOUT;
}

/* The calling thread's; bit n - 1 is signal n. */
static inline long fp_sys_sigmask(int how, const uint64_t *set, uint64_t *ret_old) {
    return fp_syscall(SYS_rt_sigprocmask, how, (long)set, (long)ret_old, sizeof *set, 0, 0);
}

static inline uint64_t fp_sys_sigpending(void) {
    uint64_t set = 0;
    (void)fp_syscall(SYS_rt_sigpending, (long)&set, sizeof set, 0, 0, 0, 0);
    return set;
}

/* Takes one pending signal of the set, which is blocked, without its handler. */
static inline void fp_sys_sigtake(const uint64_t *set) {
    struct timespec at_once = {0, 0};
    (void)fp_syscall(SYS_rt_sigtimedwait, (long)set, 0, (long)&at_once, sizeof *set, 0, 0);
}

static inline long fp_sys_execve(const char *user_path, char *const *user_argv,
                                 char *const *user_envp) {
    return fp_syscall(SYS_execve, (long)user_path, (long)user_argv, (long)user_envp, 0, 0, 0);
}

static inline long fp_sys_execveat(int dir, const char *user_path, char *const *user_argv,
                                   char *const *user_envp, int flags) {
    return fp_syscall(SYS_execveat, dir, (long)user_path, (long)user_argv, (long)user_envp, flags,
                      0);
}

/* Since boot, as the start times in /proc are counted. */
static inline struct timespec fp_sys_boot_time(void) {
    struct timespec time = {0, 0};
    (void)fp_syscall(SYS_clock_gettime, 7 /* CLOCK_BOOTTIME */, (long)&time, 0, 0, 0, 0);
    return time;
}

static inline void fp_sys_nap(long nanoseconds) {
    struct timespec time = {0, nanoseconds};
    (void)fp_syscall(SYS_nanosleep, (long)&time, 0, 0, 0, 0, 0);
}

/* A descriptor that can be read once the time is over, or -errno. */
static inline int fp_sys_timer(long nanoseconds) {
    const long once[4] = {0, 0, 0, nanoseconds}; // as the kernel has it: interval, first; s, ns
    int fd = (int)fp_syscall(SYS_timerfd_create, CLOCK_MONOTONIC, O_CLOEXEC, 0, 0, 0, 0);
    if (fd >= 0)
        (void)fp_syscall(SYS_timerfd_settime, fd, 0, (long)once, 0, 0, 0);
    return fd;
}

static inline void *fp_sys_mmap(size_t size, long flags, int fd) {
#ifdef FP_SYS_MMAP_BLOCK
    const long block[6] = {0, (long)size, PROT_READ | PROT_WRITE, flags, fd, 0};
    long at = fp_syscall(FP_SYS_MMAP, (long)block, 0, 0, 0, 0, 0);
#else
    long at = fp_syscall(FP_SYS_MMAP, 0, (long)size, PROT_READ | PROT_WRITE, flags, fd, 0);
#endif
    return at < 0 && at > -4096 ? NULL : (void *)at; // NOLINT(performance-no-int-to-ptr)
}

/* Fresh zeroed memory, or NULL. */
static inline void *fp_sys_map(size_t size) {
    return fp_sys_mmap(size, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
}

/* A file's bytes, shared with whoever maps it too, or NULL. */
static inline void *fp_sys_map_file(int fd, size_t size) {
    return fp_sys_mmap(size, MAP_SHARED, fd);
}

static inline void fp_sys_unmap(void *at, size_t size) {
    (void)fp_syscall(SYS_munmap, (long)at, (long)size, 0, 0, 0, 0);
}

/* From now on a forked child finds this memory zeroed; false before 4.14. */
static inline bool fp_sys_wipe_on_fork(void *at, size_t size) {
    return fp_syscall(SYS_madvise, (long)at, (long)size, MADV_WIPEONFORK, 0, 0, 0) == 0;
}

/* One run of bytes for fp_sys_copy_out. */
struct fp_sys_run {
    void *user_to;
    const void *from;
    size_t size;
};

/* The kernel writes a word there, the processor's number, if it can. True, too, when filtered. */
static inline bool fp_sys_is_writable(void *user_at) {
    return fp_syscall(SYS_getcpu, (long)user_at, 0, 0, 0, 0, 0) != -EFAULT;
}

/* Word by word, each tried beforehand: a thread that unmaps it meanwhile is fatal. */
static inline long fp_sys_copy_words(const struct fp_sys_run *run) {
    for (size_t i = 0; i < run->size; i++) {
        char *to = (char *)run->user_to + i;
        if (i % 4 == 0 && !fp_sys_is_writable(to))
            return -EFAULT;
        // NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign): only the kernel is read
        *(volatile char *)to = ((const char *)run->from)[i];
    }
    return 0;
}

/*
 * Writes at most two runs of whole words to the program's memory as the kernel would: 0, or -EFAULT
 * where it may not be written.
 */
static inline long fp_sys_copy_out(const struct fp_sys_run *runs, size_t count) {
    struct iovec source[2];
    struct iovec target[2];
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        source[i] = (struct iovec){(void *)(uintptr_t)runs[i].from, runs[i].size};
        target[i] = (struct iovec){runs[i].user_to, runs[i].size};
        total += runs[i].size;
    }
    long done = fp_syscall(SYS_process_vm_writev, fp_sys_getpid(), (long)source, (long)count,
                           (long)target, (long)count, 0);
    if (done == (long)total)
        return 0;
    if (done == -EFAULT || done >= 0) // or cut short by an unwritable page
        return -EFAULT;
    for (size_t i = 0; i < count; i++) // the call is filtered
        if (fp_sys_copy_words(&runs[i]) < 0)
            return -EFAULT;
    return 0;
}

/* Reads the program's memory as the kernel would: 0, or a negative error. */
static inline long fp_sys_copy_in(void *to, const void *user_from, size_t size) {
    struct iovec target = {to, size};
    struct iovec source = {(void *)(uintptr_t)user_from, size};
    long done =
        fp_syscall(SYS_process_vm_readv, fp_sys_getpid(), (long)&target, 1, (long)&source, 1, 0);
    return done == (long)size ? 0 : -EFAULT;
}

/*
 * Whether the aligned eight bytes around this address can be read. The kernel reads a signal set
 * before it finds that there is nothing to do with it: the cheapest look it can be made to take. A
 * NULL set it would not read at all. Where the call is filtered nothing can be read. Valgrind would
 * hold the eight bytes, and the call itself, against the program: there nothing is looked at.
 */
static inline bool fp_sys_is_readable(const void *user_at) {
    if (fp_is_on_valgrind())
        return user_at != NULL;
    uintptr_t at = (uintptr_t)user_at & ~(uintptr_t)7;
    return at != 0 && fp_syscall(SYS_rt_sigprocmask, -1, (long)at, 0, 8, 0, 0) == -EINVAL;
}

/* Which of clone's arguments are which, from 1. */
enum {
    FP_SYS_CLONE_FLAGS = 1 + FP_CLONE_STACK_FIRST,
    FP_SYS_CLONE_STACK = 2 - FP_CLONE_STACK_FIRST
};

/* A fork that libc does not see and that announces its end by no signal. */
static inline long fp_sys_bare_fork(void) {
    return fp_syscall(SYS_clone, 0, 0, 0, 0, 0, 0);
}

static inline long fp_sys_poll_forever(struct pollfd *fds, unsigned count) {
    return fp_syscall(SYS_ppoll, (long)fds, (long)count, 0, 0, 0, 0);
}

/* Both ends included; where the call is missing (before 5.9), up to the limit one by one. */
static inline void fp_sys_close_range(unsigned first, unsigned last) {
    uint64_t limit[2] = {1024, 1024};
    if (fp_syscall(SYS_close_range, (long)first, (long)last, 0, 0, 0, 0) == 0)
        return;
    (void)fp_syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, (long)limit, 0, 0);
    for (unsigned fd = first; fd <= last && fd < limit[0]; fd++)
        (void)fp_sys_close((int)fd);
}

static inline long fp_sys_keep_over_exec(int fd) {
    return fp_syscall(SYS_fcntl, fd, F_SETFD, 0, 0, 0, 0);
}

static inline long fp_sys_chdir(const char *path) {
    return fp_syscall(SYS_chdir, (long)path, 0, 0, 0, 0, 0);
}

#endif
