/*
 * The remedy: posix_spawn. It is as fast, because it does what vfork does inside libc, and what is
 * to be done in the child is said as data; no code of the program runs there.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static volatile int log_fd; /* volatile: looked up each time, as it is in a larger program */

int main(void) {
    char *const arguments[] = {"true", NULL};
    posix_spawn_file_actions_t actions;
    pid_t child;
    case_begin();
    case_step("parent: opens its log");
    log_fd = open("log", O_WRONLY | O_CREAT | O_APPEND, 0600);

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "helper-log",
                                     O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_addclose(&actions, log_fd);
    if (posix_spawnp(&child, "true", &actions, NULL, arguments, environ) != 0)
        case_broken("no helper");
    posix_spawn_file_actions_destroy(&actions);
    waitpid(child, NULL, 0);

    if (write(log_fd, "helper done\n", 12) == 12) {
        case_step("parent: has written to descriptor %d", log_fd);
        case_outcome("logged");
    } else {
        case_step("parent: cannot write to descriptor %d: %s", log_fd, strerror(errno));
        case_outcome("log-lost");
    }
}
