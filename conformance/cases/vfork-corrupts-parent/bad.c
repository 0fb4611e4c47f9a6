/*
 * A program that starts many helpers replaces fork by vfork, which is faster. As before the child
 * opens a log for the helper and closes the program's. But after vfork there is one memory for
 * both: it is the parent that takes the helper's log for its own, which it has not open, and whose
 * next line goes nowhere.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static volatile int log_fd; /* volatile: looked up each time, as it is in a larger program */

int main(void) {
    case_begin();
    case_step("parent: opens its log");
    log_fd = open("log", O_WRONLY | O_CREAT | O_APPEND, 0600);

    pid_t child = vfork();
    if (child == 0) {
        int helper_log = open("helper-log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        dup2(helper_log, STDERR_FILENO);
        close(log_fd);
        log_fd = helper_log;
        execlp("true", "true", (char *)NULL);
        _exit(127);
    }
    waitpid(child, NULL, 0);

    if (write(log_fd, "helper done\n", 12) == 12) {
        case_step("parent: has written to descriptor %d", log_fd);
        case_outcome("logged");
    } else {
        case_step("parent: cannot write to descriptor %d: %s", log_fd, strerror(errno));
        case_outcome("log-lost");
    }
}
