/*
 * Tested: a little of everything, and bad pointers, where a seccomp filter denies a system call
 * that the shim makes and bare does not: filtered TARGET ERRNO WHEN CALL...
 *
 * TARGET is a static program that exits with its second argument, ERRNO a number. WHEN is early, or
 * late: after a first round without a filter. Exit status 77 where there are no filters.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/prctl.h>

#include "battery.h"

#define CALLS_MOST 16

static const struct {
    const char *name;
    unsigned number;
} known[] = {{"process_vm_writev", SYS_process_vm_writev},
             {"process_vm_readv", SYS_process_vm_readv},
             {"pidfd_open", SYS_pidfd_open},
             {"pidfd_send_signal", SYS_pidfd_send_signal},
             {"waitid", SYS_waitid},
             {"madvise", SYS_madvise},
#ifdef SYS_mmap
             {"mmap", SYS_mmap},
#endif
             {"munmap", SYS_munmap},
             {"futex", SYS_futex},
             {"nanosleep", SYS_nanosleep},
             {"rt_sigprocmask", SYS_rt_sigprocmask},
             {"rt_sigaction", SYS_rt_sigaction},
             {"getpgid", SYS_getpgid}};

static unsigned number_of(const char *call) {
    for (size_t i = 0; i < COUNT(known); i++)
        if (strcmp(known[i].name, call) == 0)
            return known[i].number;
    abort();
}

static bool deny(char *const *calls, int count, unsigned error) {
    struct sock_filter filter[CALLS_MOST + 3] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))};
    unsigned short length = 1;
    for (int i = 0; i < count && i < CALLS_MOST; i++) {
        unsigned number = number_of(calls[i]);
        filter[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number,
                                                        (uint8_t)(count - i), 0);
    }
    filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error);
    const struct sock_fprog program = {length, filter};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

/* --- pointers --- */

static void bad_info(const void *pointer) {
    pid_t child = child_exiting(3);
    errno = 0;
    int result = waitid(P_PID, (id_t)child, (siginfo_t *)(uintptr_t)pointer, WEXITED);
    say("waitid, bad info: %d, %s", result, error_name(errno));
}

static void bad_status(const void *pointer) {
    pid_t child = child_pausing();
    kill(child, SIGSTOP);
    errno = 0;
    pid_t result = waitpid(child, (int *)(uintptr_t)pointer, WUNTRACED);
    say("waitpid, bad status: %d, %s", (int)result, error_name(errno));
    kill(child, SIGKILL);
    battery_end("  then", child);
}

static void bad_usage(const void *pointer) {
    pid_t child = child_exiting(3);
    int status = UNTOUCHED;
    errno = 0;
    pid_t result = wait4(-1, &status, 0, (struct rusage *)(uintptr_t)pointer);
    say("wait4, bad usage: %s, %s, %s", whose(result, child), status_name(status),
        error_name(errno));
}

static void bad_environment(const void *pointer) {
    errno = 0;
    execve(battery_target, battery_argv, (char **)(uintptr_t)pointer);
    say("execve, bad environment: %s", error_name(errno));
    environ = (char **)(uintptr_t)pointer;
    execv(battery_target, battery_argv);
    say("execv, bad environment: %s", error_name(errno));
}

static void bad_clone(const void *pointer) {
    errno = 0;
    long result = syscall(SYS_clone3, pointer, 64);
    say("SYS_clone3, bad arguments: %ld, %s", result, error_name(errno));
}

static void bad_siginfo(const void *pointer) {
    signal(SIGCHLD, SIG_IGN);
    pid_t child = child_pausing();
    errno = 0;
    long result = syscall(SYS_rt_sigqueueinfo, child, SIGTERM, pointer);
    say("SYS_rt_sigqueueinfo, bad siginfo: %ld, %s", result, error_name(errno));
    kill(child, SIGKILL);
}

static void pointers(char *pages) {
    for (int kind = NONE; kind < BAD_KINDS; kind++) {
        if (kind == MISALIGNED)
            continue;
        const void *bad = bad_pointer((enum bad_kind)kind, pages);
        fate(bad_names[kind], bad_info, bad);
        fate(bad_names[kind], bad_status, bad);
        fate(bad_names[kind], bad_usage, bad);
        fate(bad_names[kind], bad_siginfo, bad);
        if (kind == READ_ONLY)
            continue; // it can be read
        fate(bad_names[kind], bad_clone, bad);
        fate(bad_names[kind], bad_environment, bad);
    }
    // Good ones are written to.
    memset(pages, PATTERN, BAD_PAGE);
    fate("good", bad_usage, pages);
}

/* --- blocked waits --- */

static void *wait_for_any(void *unused) {
    int status = UNTOUCHED;
    pid_t result = wait(&status);
    say("thread: %s, %s", result > 0 ? "child" : error_name(errno), status_name(status));
    return unused;
}

static void blocked(const char *what, pid_t pid) {
    int status = UNTOUCHED;
    pid_t child = child_exiting_when_blocked(getpid(), 5);
    errno = 0;
    pid_t result = waitpid(pid ? pid : child, &status, 0);
    say_wait(what, result, child, status, errno);
}

static void waits(void) {
    siginfo_t info = {0};
    blocked("blocked for one", 0);
    blocked("blocked for any", -1);
    blocked("blocked for a group", -getpgrp());
    pid_t child = child_exiting_when_blocked(getpid(), 5);
    errno = 0;
    int result = waitid(P_PID, (id_t)child, &info, WEXITED);
    say("blocked in waitid: %d, %s, %s", result, error_name(errno), whose(info.si_pid, child));
    if (result != 0)
        battery_end("  then", child);
    pthread_t thread;
    pid_t any = child_exiting_when_blocked(getpid(), 6);
    if (any > 0 && pthread_create(&thread, NULL, wait_for_any, NULL) == 0)
        pthread_join(thread, NULL);
}

static int run(int argc, char **argv) {
    if (argc < 5)
        return 2;
    battery_target = argv[1];
    char *pages = bad_pages();
    if (strcmp(argv[3], "late") == 0)
        battery_starters();
    if (!deny(argv + 4, argc - 4, (unsigned)strtoul(argv[2], NULL, 10)))
        return 77;
    battery();
    pointers(pages);
    waits();
    return 0;
}

int main(int argc, char **argv) {
    return confined(run, argc, argv);
}
