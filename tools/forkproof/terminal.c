#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <unistd.h>

/* Takes the signal, which is blocked elsewhere, by its default. */
static void take(int sig) {
    struct sigaction old, standard = {.sa_handler = SIG_DFL};
    sigset_t set, before;
    sigaction(sig, &standard, &old);
    kill(getpid(), sig);
    sigemptyset(&set);
    sigaddset(&set, sig);
    sigprocmask(SIG_UNBLOCK, &set, &before);
    sigprocmask(SIG_SETMASK, &before, NULL);
    sigaction(sig, &old, NULL);
}

/* Only SIGCONT ends a stop; it is blocked here, and a stop discards earlier ones. */
static bool was_continued(void) {
    sigset_t pending;
    sigpending(&pending);
    return sigismember(&pending, SIGCONT) == 1;
}

/* By its default action; returns when we are continued. */
static void stop_by(int sig) {
    if (sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU) {
        take(sig);
        if (was_continued())
            return;
        /* An orphaned process group discards these. */
    }
    kill(getpid(), SIGSTOP);
}

/* The group that has the terminal, if it is the program's own and not ours; else 0. */
static pid_t group_in_front(int tty, pid_t root) {
    pid_t front = tty < 0 ? -1 : tcgetpgrp(tty);
    return front > 0 && front != getpgrp() && front == getpgid(root) ? front : 0;
}

static int open_terminal(void) {
    return open("/dev/tty", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

void fp_terminal_stop(int sig, pid_t root) {
    int tty = open_terminal();
    pid_t front = group_in_front(tty, root);
    stop_by(sig);
    if (front && tcgetpgrp(tty) == getpgrp())
        tcsetpgrp(tty, front);
    if (tty >= 0)
        close(tty);
}

bool fp_terminal_is_ours(void) {
    int fd = open_terminal();
    bool ours = fd >= 0 && tcgetpgrp(fd) == getpgrp();
    if (fd >= 0)
        close(fd);
    return ours;
}

void fp_terminal_take_back(void) {
    int fd = open_terminal();
    if (fd < 0)
        return;
    pid_t group = tcgetpgrp(fd);
    if (group > 0 && group != getpgrp() && kill(-group, 0) < 0 && errno == ESRCH)
        (void)tcsetpgrp(fd, getpgrp());
    close(fd);
}

void fp_terminal_die(int sig) {
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    take(sig);
}
