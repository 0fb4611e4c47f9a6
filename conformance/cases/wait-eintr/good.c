/*
 * The remedy: EINTR is no failure: the wait is asked again. (SA_RESTART makes the kernel do so, but
 * not every handler in the process is one's own.)
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static struct case_gate *about_to_wait, *may_end;

static void on_ready(int signal) {
    (void)signal;
    case_step("parent: the child is ready");
    case_gate_open(may_end);
}

static _Noreturn void child_main(pid_t parent) {
    case_gate_pass(about_to_wait);
    case_await_state(parent, 'S'); /* it does nothing between the gate and the wait */
    kill(parent, SIGUSR1);
    case_gate_pass(may_end);
    _exit(3);
}

int main(void) {
    struct sigaction action = {.sa_handler = on_ready};
    int status;
    case_begin();
    about_to_wait = case_gate_new();
    may_end = case_gate_new();
    sigaction(SIGUSR1, &action, NULL);
    pid_t parent = getpid(), child = fork();
    if (child == 0)
        child_main(parent);

    case_gate_open(about_to_wait);
    pid_t ended;
    do
        ended = waitpid(child, &status, 0);
    while (ended < 0 && errno == EINTR);
    if (ended == child && WIFEXITED(status)) {
        case_step("parent: %d has exit status %d", child, WEXITSTATUS(status));
        case_outcome("status-known");
    } else {
        case_step("parent: waitpid(%d): %s: gives up", child, strerror(errno));
        case_outcome("given-up");
    }
}
