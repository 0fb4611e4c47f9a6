/*
 * A program waits for its child's end and for other events at once. The end is told by SIGCHLD
 * only, whose handler sets a flag. The signal comes after the flag was looked at and before poll
 * sleeps: nothing will ever wake it.
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
    int events[2]; /* from elsewhere; today there are none */
    case_begin();
    struct case_gate *end = case_gate_new();
    (void)!pipe(events);
    sigaction(SIGCHLD, &action, NULL);
    pid_t child = fork();
    if (child == 0) {
        case_gate_pass(end);
        _exit(0);
    }

    while (!child_has_ended) {
        /* Here the child ends, and the handler runs. */
        case_gate_open(end);
        case_await_exit(child);
        case_step("parent: the flag was not set: sleeps until something happens");
        poll(&(struct pollfd){.fd = events[0], .events = POLLIN}, 1, -1);
    }
    waitpid(child, NULL, 0);
    case_outcome("noticed");
}
