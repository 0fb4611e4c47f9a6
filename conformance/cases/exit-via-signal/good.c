/*
 * The remedy: the end of the child is made readable, so that poll sees it whenever it came. Three
 * ways: a pipe that the handler writes to, a signalfd, and a pidfd, which needs no signal at all.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static struct case_gate *end;
static int events[2]; /* from elsewhere; today there are none */
static int self[2];

static pid_t start(void) {
    end = case_gate_new();
    pid_t child = fork();
    if (child == 0) {
        case_gate_pass(end);
        _exit(0);
    }
    return child;
}

static bool wait_in_poll(const char *way, pid_t child, int ended) {
    struct pollfd both[] = {{.fd = events[0], .events = POLLIN}, {.fd = ended, .events = POLLIN}};
    /* Here the child ends. */
    case_gate_open(end);
    case_await_exit(child);
    case_step("parent: sleeps until something happens, %s", way);
    while (poll(both, 2, -1) < 0 && errno == EINTR)
        ;
    return both[1].revents && waitpid(child, NULL, WNOHANG) == child;
}

static void on_child(int signal) {
    (void)signal;
    int saved = errno;
    (void)!write(self[1], "", 1); /* full: it is readable already */
    errno = saved;
}

static bool by_self_pipe(void) {
    struct sigaction action = {.sa_handler = on_child, .sa_flags = SA_RESTART};
    (void)!pipe2(self, O_CLOEXEC | O_NONBLOCK);
    sigaction(SIGCHLD, &action, NULL);
    bool seen = wait_in_poll("with a self-pipe", start(), self[0]);
    signal(SIGCHLD, SIG_DFL);
    return seen;
}

static bool by_signalfd(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    bool seen = wait_in_poll("with a signalfd", start(), fd);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    return seen;
}

static bool by_pidfd(void) {
    pid_t child = start();
    int fd = (int)syscall(SYS_pidfd_open, child, 0);
    if (fd < 0)
        case_cannot("a pidfd");
    return wait_in_poll("with a pidfd", child, fd);
}

int main(void) {
    case_begin();
    (void)!pipe(events);
    if (by_self_pipe() && by_signalfd() && by_pidfd())
        case_outcome("noticed");
}
