/*
 * The remedy: a pipeline starts as a whole or not at all. When a half cannot be started, those that
 * have been started are killed and waited for; then the error is reported.
 */
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static char name[] = "/usr/bin/sorrt";
static char *const arguments[] = {name, NULL};

int main(void) {
    posix_spawn_file_actions_t actions;
    int ends[2];
    pid_t right;
    case_begin();
    (void)!pipe2(ends, O_CLOEXEC);
    pid_t left = fork();
    if (left == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]), close(ends[1]);
        for (;;)
            pause(); /* until there is a new line in the log */
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
    int error = posix_spawn(&right, name, &actions, NULL, arguments, environ);
    close(ends[0]), close(ends[1]);
    if (error) {
        case_step("parent: %s: %s", name, strerror(error));
        kill(left, SIGKILL);
        waitpid(left, NULL, 0);
        return 1;
    }
    waitpid(left, NULL, 0);
    waitpid(right, NULL, 0);
    return 0;
}
