/*
 * The remedy: a look that only looks. waitid with WNOWAIT tells whether the child has ended and
 * leaves it to whoever waits for it.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

/* --- the library --- */

static void child_kill(pid_t child) {
    siginfo_t info = {0};
    if (waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == child)
        case_step("library: %d has ended already, nobody is killed", child);
    else
        kill(child, SIGKILL);
}

/* --- its caller --- */

int main(void) {
    int status;
    case_begin();
    pid_t child = fork();
    if (child == 0)
        _exit(3);
    /* The child ends by itself just before the kill. */
    case_await_exit(child);
    child_kill(child);

    if (waitpid(child, &status, 0) == child && WIFEXITED(status)) {
        case_step("caller: the child's exit status is %d", WEXITSTATUS(status));
        case_outcome("status-delivered");
    } else {
        case_step("caller: waitpid(%d): %s", child, strerror(errno));
        case_outcome("status-lost");
    }
}
