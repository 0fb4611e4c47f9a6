/*
 * A little of everything, told line by line: for places where calls fail that mostly do not,
 * because something is scarce, filtered, or not there yet. Whatever fails is told, and nothing
 * hangs for it.
 */
#ifndef BATTERY_H
#define BATTERY_H

#include <spawn.h>
#include <sys/syscall.h>

#include "bad.h"

/* A static program that exits with its second argument; NULL: nothing is exec'd. */
static const char *volatile battery_target;

static char battery_name[] = "show", battery_exit[] = "exit", battery_code[] = "4";
static char *battery_argv[] = {battery_name, battery_exit, battery_code, NULL};
static char *battery_envp[] = {NULL};

/* What became of a child, or of the attempt to make it, which errno tells. True when it is reaped.
 */
static inline bool battery_end(const char *what, pid_t child) {
    int status = UNTOUCHED;
    if (child < 0) {
        say("%s: %s", what, error_name(errno));
        return false;
    }
    errno = 0;
    pid_t result = waitpid(child, &status, 0);
    say_wait(what, result, child, status, errno);
    return result == child;
}

static inline pid_t battery_spawn(void) {
    pid_t pid = -1;
    errno = posix_spawn(&pid, battery_target, NULL, NULL, battery_argv, battery_envp);
    return errno ? -1 : pid;
}

static inline pid_t battery_vfork(bool exec) {
    pid_t pid = vfork();
    if (pid == 0) {
        if (exec)
            execve(battery_target, battery_argv, battery_envp);
        _exit(5);
    }
    return pid;
}

/* Its parent's memory is its own, and so is its parent's table. */
static inline pid_t battery_vfork_kill(void) {
    pid_t pid = vfork();
    if (pid == 0) {
        pid_t self = getpid();
        if (self > 1)
            kill(self, SIGTERM);
        _exit(5);
    }
    return pid;
}

static inline int battery_start(void *unused) {
    (void)unused;
    _exit(6);
}

static inline pid_t battery_clone(void) {
    static char stack[32768] __attribute__((aligned(16)));
    return clone(battery_start, stack + sizeof stack, SIGCHLD, NULL);
}

static inline pid_t battery_by_number(void) {
    long pid = fp_clone_by(SIGCHLD, NULL, NULL);
    if (pid == 0)
        _exit(7);
    return (pid_t)pid;
}

static inline pid_t battery_clone3(void) {
    const uint64_t arguments[11] = {[4] = SIGCHLD};
    long pid = syscall(SYS_clone3, arguments, sizeof arguments);
    if (pid == 0)
        _exit(8);
    return (pid_t)pid;
}

static inline void battery_starters(void) {
    battery_end("fork", child_exiting(3));
#ifdef __GLIBC__
    pid_t pid = _Fork();
    if (pid == 0)
        _exit(2);
    battery_end("_Fork", pid);
#endif
    battery_end("vfork", battery_vfork(false));
    battery_end("vfork, kills itself", battery_vfork_kill());
    battery_end("clone", battery_clone());
    battery_end("SYS_clone", battery_by_number());
    battery_end("SYS_clone3", battery_clone3());
    if (!battery_target)
        return;
    battery_end("vfork and exec", battery_vfork(true));
    battery_end("posix_spawn", battery_spawn());
    pid_t child = fork();
    if (child == 0) {
        execve(battery_target, battery_argv, battery_envp);
        _exit(9);
    }
    battery_end("fork and exec", child);
}

static inline void battery_kill(const char *what, int (*send)(pid_t)) {
    pid_t child = child_pausing();
    if (child < 0)
        return;
    errno = 0;
    int result = send(child);
    say("%s: %d, %s", what, result, error_name(errno));
    if (result != 0)
        (void)syscall(SYS_kill, child, SIGTERM);
    if (!battery_end(what, child))
        return; // the kernel is about to reap it
    errno = 0;
    result = send(child);
    say("%s, gone: %d, %s", what, result, error_name(errno));
}

static inline int battery_by_kill(pid_t pid) {
    return kill(pid, SIGTERM);
}
static inline int battery_by_queue(pid_t pid) {
    return sigqueue(pid, SIGTERM, (union sigval){.sival_int = 1});
}
static inline int battery_by_tgkill(pid_t pid) {
    return (int)syscall(SYS_tgkill, pid, pid, SIGTERM);
}

static inline void battery_waitid(const char *what, idtype_t type, id_t id, int options) {
    pid_t child = child_exiting(9);
    siginfo_t info;
    memset(&info, PATTERN, sizeof info);
    errno = 0;
    int result = waitid(type, id ? id : (id_t)child, &info, options);
    say("%s: %d, %s; code %#x pid %s status %#x", what, result, error_name(errno),
        (unsigned)info.si_code, whose(info.si_pid, child), (unsigned)info.si_status);
    errno = 0;
    result = waitpid(child, NULL, 0);
    say("%s, again: %s, %s", what, whose(result, child), error_name(errno));
}

static inline void battery_wait(const char *what, pid_t pid, int options) {
    pid_t child = child_exiting(9);
    int status = UNTOUCHED;
    struct rusage usage;
    errno = 0;
    pid_t result = wait4(pid ? pid : child, &status, options, &usage);
    say_wait(what, result, child, status, errno);
    waitpid(child, NULL, 0);
}

static inline void battery_stop(void) {
    pid_t child = child_pausing();
    int status = UNTOUCHED;
    if (child < 0)
        return;
    kill(child, SIGSTOP);
    pid_t result = waitpid(child, &status, WUNTRACED);
    say_wait("stopped", result, child, status, errno);
    kill(child, SIGCONT);
    result = waitpid(-1, &status, WCONTINUED);
    say_wait("continued", result, child, status, errno);
    kill(child, SIGKILL);
    battery_end("stopped, gone", child);
}

static inline void battery_waits(void) {
    pid_t group = getpgrp();
    battery_wait("any", -1, 0);
    battery_wait("one", 0, 0);
    battery_wait("own group", -group, 0);
    int status = UNTOUCHED;
    pid_t child = child_exiting(9);
    pid_t result = waitpid(0, &status, 0);
    say_wait("group 0", result, child, status, errno);
    battery_waitid("waitid", P_PID, 0, WEXITED);
    battery_waitid("waitid, seen", P_PID, 0, (int)(WEXITED | WNOWAIT));
    battery_waitid("waitid, group", P_PGID, (id_t)group, WEXITED);
    battery_waitid("waitid, bad", P_PID, 0, 0);
    battery_stop();
    errno = 0;
    result = waitpid(-1, NULL, WNOHANG);
    say("nothing left: %d, %s", (int)result, error_name(errno));
}

/* More zombies than the bound of 64, then late waits for them. */
static inline void battery_late(void) {
    enum { MANY = 150 };
    static pid_t children[MANY];
    int right = 0;
    for (int i = 0; i < MANY; i++)
        children[i] = child_exiting(i % 100);
    for (int i = 0; i < MANY; i++) {
        int status = UNTOUCHED;
        pid_t result = children[i] > 0 ? waitpid(children[i], &status, 0) : 0;
        right += result == children[i] && status == i % 100 << 8;
    }
    say("late waits: %d of %d right", right, MANY);
}

/* Children that the kernel reaps by itself. */
static inline void battery_ignored(void) {
    if (signal(SIGCHLD, SIG_IGN) == SIG_ERR)
        return;
    battery_kill("kill, SIGCHLD ignored", battery_by_kill);
    battery_kill("sigqueue, SIGCHLD ignored", battery_by_queue);
    signal(SIGCHLD, SIG_DFL);
}

static inline void battery(void) {
    battery_starters();
    battery_kill("kill", battery_by_kill);
    battery_kill("sigqueue", battery_by_queue);
    battery_kill("SYS_tgkill", battery_by_tgkill);
    battery_waits();
    battery_ignored();
    battery_late();
}

#endif
