/*
 * A library's kill looks first whether the child has ended, so that it hits nobody else. The look
 * is a waitpid, and reaps. The caller, who waits for the child by itself, gets ECHILD instead of
 * the status.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

/* --- the library --- */

static void child_kill(pid_t child) {
    if (waitpid(child, NULL, WNOHANG) == child)
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
