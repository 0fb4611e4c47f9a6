/*
 * exit-via-signal with the signal and the flag that it had: SIGCHLD is blocked while the flag is
 * looked at, and let in by ppoll, in one step with its sleep. A signal that comes in between stays
 * pending, and ends the sleep before it has begun.
 */
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static volatile sig_atomic_t child_has_ended;

static void on_child(int signal) {
    (void)signal;
    child_has_ended = 1;
}

int main(void) {
    struct sigaction action = {.sa_handler = on_child};
    sigset_t child_signal, unblocked;
    int events[2]; /* from elsewhere; today there are none */
    case_begin();
    struct case_gate *end = case_gate_new();
    (void)!pipe(events);
    sigaction(SIGCHLD, &action, NULL);
    sigemptyset(&child_signal);
    sigaddset(&child_signal, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child_signal, &unblocked);
    sigdelset(&unblocked, SIGCHLD); /* whatever it was started with */
    pid_t child = fork();
    if (child == 0) {
        case_gate_pass(end);
        _exit(0);
    }

    while (!child_has_ended) {
        /* Here the child ends, and the signal is pending. */
        case_gate_open(end);
        case_await_exit(child);
        case_step("parent: the flag was not set: sleeps until something happens");
        ppoll(&(struct pollfd){.fd = events[0], .events = POLLIN}, 1, NULL, &unblocked);
    }
    waitpid(child, NULL, 0);
    case_outcome("noticed");
}
