/*
 * What the programs share: results printed without pids, so that two runs can be compared byte by
 * byte, and waiting for a process to be in a state, so that nothing synchronises by sleeping.
 *
 * Every line is one write, so a forked child never repeats what its parent had buffered.
 */
#ifndef CANON_H
#define CANON_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../shim/record/clone.h"

/* A pointer that nothing is mapped at. */
#define BAD_POINTER ((void *)(uintptr_t)1)

__attribute__((format(printf, 1, 2))) static inline void say(const char *format, ...) {
    char line[1024];
    va_list list;
    va_start(list, format);
    int length = vsnprintf(line, sizeof line - 1, format, list);
    va_end(list);
    if (length < 0)
        abort();
    size_t size = (size_t)length < sizeof line - 2 ? (size_t)length : sizeof line - 2;
    line[size++] = '\n';
    if (write(STDOUT_FILENO, line, size) < 0)
        abort();
}

static inline const char *error_name(int error) {
    static char number[32];
    switch (error) {
    case 0:
        return "0";
    case E2BIG:
        return "E2BIG";
    case EACCES:
        return "EACCES";
    case EAGAIN:
        return "EAGAIN";
    case EBADF:
        return "EBADF";
    case ECHILD:
        return "ECHILD";
    case EFAULT:
        return "EFAULT";
    case EINTR:
        return "EINTR";
    case EINVAL:
        return "EINVAL";
    case ENAMETOOLONG:
        return "ENAMETOOLONG";
    case ENOENT:
        return "ENOENT";
    case ENOEXEC:
        return "ENOEXEC";
    case ENOSYS:
        return "ENOSYS";
    case ENOTDIR:
        return "ENOTDIR";
    case EPERM:
        return "EPERM";
    case EPIPE:
        return "EPIPE";
    case ESRCH:
        return "ESRCH";
    default:
        snprintf(number, sizeof number, "errno %d", error);
        return number;
    }
}

/* What wait's status says; "untouched" for the pattern that the callers fill in beforehand. */
#define UNTOUCHED 0x55555555
#define UNTOUCHED_LONG ((long)(~0ul / 3)) /* the same bytes in a long */

static inline const char *status_name(int status) {
    static char text[64];
    if (status == UNTOUCHED)
        return "untouched";
    if (WIFEXITED(status))
        snprintf(text, sizeof text, "exited %d", WEXITSTATUS(status));
    else if (WIFSIGNALED(status))
        snprintf(text, sizeof text, "killed %d", WTERMSIG(status));
    else if (WIFSTOPPED(status))
        snprintf(text, sizeof text, "stopped %d event %d", WSTOPSIG(status), status >> 16);
    else if (WIFCONTINUED(status))
        snprintf(text, sizeof text, "continued");
    else
        snprintf(text, sizeof text, "status %#x", (unsigned)status);
    return text;
}

/* Who a pid is: never its number. */
static inline const char *whose(pid_t pid, pid_t child) {
    if (pid == child)
        return "child";
    return pid == 0 ? "0" : pid == -1 ? "-1" : pid == UNTOUCHED ? "untouched" : "another";
}

static inline void say_wait(const char *what, pid_t result, pid_t child, int status, int error) {
    say("%s: %s, %s, %s", what, whose(result, child), status_name(status),
        result < 0 ? error_name(error) : "no error");
}

/* The call first, then what it left: the order of arguments is not defined. */
#define SAY_WAIT(what, call, child, status)                                                        \
    do {                                                                                           \
        pid_t result_ = (call);                                                                    \
        say_wait(what, result_, child, status, errno);                                             \
    } while (0)

/* The letter of /proc/PID/stat for a process or a thread, or 0 when there is none. */
static inline char state_of(pid_t pid) {
    char path[64];
    char text[512];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    if (size <= 0)
        return 0;
    text[size] = '\0';
    const char *end = strrchr(text, ')');
    return end ? end[2] : 0;
}

/* Until the process or thread is in one of these states: S blocked, T stopped, t traced, Z dead. */
static inline void await_state(pid_t pid, const char *states) {
    char state;
    while (!(state = state_of(pid)) || !strchr(states, state))
        sched_yield();
}

/* The zombies among this process's children. */
static inline int count_zombies(void) {
    int count = 0;
    DIR *directory = opendir("/proc");
    if (!directory)
        abort();
    for (struct dirent *entry; (entry = readdir(directory));) {
        char path[300];
        char text[512];
        int parent = 0;
        char state = 0;
        if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
            continue;
        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
        if (fd >= 0)
            close(fd);
        text[size > 0 ? size : 0] = '\0';
        const char *end = strrchr(text, ')');
        if (end && sscanf(end + 1, " %c %d", &state, &parent) == 2)
            count += state == 'Z' && parent == (int)getpid();
    }
    closedir(directory);
    return count;
}

/* A child that exits with `code` at once. */
static inline pid_t child_exiting(int code) {
    pid_t pid = fork();
    if (pid == 0)
        _exit(code);
    return pid;
}

/* A child that lives until it is killed. */
static inline pid_t child_pausing(void) {
    pid_t pid = fork();
    if (pid == 0)
        for (;;)
            pause();
    return pid;
}

/* A child that exits with `code` once its parent's thread `tid` is blocked. */
static inline pid_t child_exiting_when_blocked(pid_t tid, int code) {
    pid_t pid = fork();
    if (pid == 0) {
        await_state(tid, "S");
        _exit(code);
    }
    return pid;
}

/* A zombie, seen as one and left. */
static inline pid_t child_zombie(int code) {
    pid_t pid = child_exiting(code);
    siginfo_t info;
    if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) != 0)
        abort();
    return pid;
}

/* In a pid namespace of our own: the number that the next process gets. */
static inline bool set_next_pid(pid_t pid) {
    char number[16];
    int length = snprintf(number, sizeof number, "%d", (int)pid - 1);
    int fd = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);
    bool good = fd >= 0 && write(fd, number, (size_t)length) == length;
    if (fd >= 0)
        close(fd);
    return good;
}

static inline void handle(int signal, void (*handler)(int), int flags) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    sigemptyset(&action.sa_mask);
    if (sigaction(signal, &action, NULL) != 0)
        abort();
}

#endif
