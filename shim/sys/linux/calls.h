/*
 * The system calls the shim makes, by their kernel names. Each answers -errno and leaves errno
 * alone; each is async-signal-safe and no cancellation point. Pointers marked `user` are the
 * program's own and are only ever touched by the kernel, so a bad one is EFAULT, never a fault.
 * Source: the man pages of section 2.
 */
#ifndef FP_SYS_LINUX_CALLS_H
#define FP_SYS_LINUX_CALLS_H

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>

#include "syscall.h"

/* The kernel's idtype for waitid on a pidfd (5.4); older headers lack the name. */
#define FP_P_PIDFD 3

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

static inline uid_t fp_sys_getuid(void) {
    return (uid_t)fp_syscall(SYS_getuid, 0, 0, 0, 0, 0, 0);
}

/* Works on zombies, too. */
static inline pid_t fp_sys_getpgid(pid_t pid) {
    return (pid_t)fp_syscall(SYS_getpgid, pid, 0, 0, 0, 0, 0);
}

/* The signal's handler and SA_ flags; the kernel's structure is not libc's. */
static inline long fp_sys_disposition(int signal, void (**ret_handler)(int),
                                      unsigned long *ret_flags) {
    struct {
        void (*handler)(int);
        unsigned long flags;
        void *restorer;
        uint64_t mask;
    } old = {0};
    long result = fp_syscall(SYS_rt_sigaction, signal, 0, (long)&old, sizeof old.mask, 0, 0);
    *ret_handler = old.handler;
    *ret_flags = old.flags;
    return result;
}

static inline int fp_sys_pidfd_open(pid_t pid, unsigned flags) {
    return (int)fp_syscall(SYS_pidfd_open, pid, flags, 0, 0, 0, 0);
}

static inline long fp_sys_pidfd_send_signal(int pidfd, int signal, const siginfo_t *user_info) {
    return fp_syscall(SYS_pidfd_send_signal, pidfd, signal, (long)user_info, 0, 0, 0);
}

static inline long fp_sys_close(int fd) {
    return fp_syscall(SYS_close, fd, 0, 0, 0, 0, 0);
}

static inline long fp_sys_write(int fd, const void *bytes, size_t size) {
    return fp_syscall(SYS_write, fd, (long)bytes, (long)size, 0, 0, 0);
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

static inline void fp_sys_nap(long nanoseconds) {
    struct timespec time = {0, nanoseconds};
    (void)fp_syscall(SYS_nanosleep, (long)&time, 0, 0, 0, 0, 0);
}

/* Fresh zeroed memory, or NULL. */
static inline void *fp_sys_map(size_t size) {
    long at = fp_syscall(SYS_mmap, 0, (long)size, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return at < 0 && at > -4096 ? NULL : (void *)at; // NOLINT(performance-no-int-to-ptr)
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

/*
 * Writes at most two runs to the program's memory as the kernel would: 0, or -EFAULT where it may
 * not be written. Where the call is filtered the bytes are written directly.
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
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < runs[i].size; k++)
            // NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign): only the kernel is read
            ((volatile char *)runs[i].user_to)[k] = ((const char *)runs[i].from)[k];
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
 * NULL set it would not read at all.
 */
static inline bool fp_sys_is_readable(const void *user_at) {
    uintptr_t at = (uintptr_t)user_at & ~(uintptr_t)7;
    return at != 0 && fp_syscall(SYS_rt_sigprocmask, -1, (long)at, 0, 8, 0, 0) != -EFAULT;
}

/* Sleeps while *at is `value`; -EINTR by a handler without SA_RESTART, restarted by one with. */
static inline long fp_sys_futex_wait(const uint32_t *at, uint32_t value) {
    return fp_syscall(SYS_futex, (long)at, 128 /* FUTEX_WAIT_PRIVATE */, value, 0, 0, 0);
}

static inline void fp_sys_futex_wake(const uint32_t *at) {
    (void)fp_syscall(SYS_futex, (long)at, 129 /* FUTEX_WAKE_PRIVATE */, 0x7fffffff, 0, 0, 0);
}

#endif
