/*
 * shell-injection without a shell and without a child's branch: what is to happen in the child is
 * data. The file is opened for cat, so that its name is no argument at all.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static int show(const char *name) {
    char *const arguments[] = {"cat", NULL};
    posix_spawn_file_actions_t actions;
    pid_t child;
    int status;
    case_step("cat gets, as its input: %s", name);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, name, O_RDONLY, 0);
    int error = posix_spawnp(&child, "cat", &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0)
        return -1;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return status;
}

int main(void) {
    const char *name = "notes; touch marker";
    case_begin();
    close(open("notes", O_CREAT, 0600));
    close(open(name, O_CREAT, 0600)); /* a file of that name, sent by somebody */
    int status = show(name);
    case_outcome(access("marker", F_OK) == 0 ? "injected" : status == 0 ? "shown" : "failed");
}
