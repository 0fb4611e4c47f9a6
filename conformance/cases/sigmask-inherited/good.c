/*
 * The remedy: before exec the child gives back the mask that the program was started with.
 */
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

int main(int argc, char **argv) {
    char *helper;
    sigset_t term, before;
    int status;
    (void)argc;
    case_begin();
    if (asprintf(&helper, "%s/helper", dirname(argv[0])) < 0)
        case_broken("no path");
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, &before);
    case_step("server: SIGTERM is blocked, starts the helper");

    pid_t child = fork();
    if (child == 0) {
        sigprocmask(SIG_SETMASK, &before, NULL);
        execl(helper, "helper", (char *)NULL);
        _exit(127);
    }
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM)
        case_outcome("ended");
    else
        case_outcome(WIFEXITED(status) && WEXITSTATUS(status) == 0 ? "deaf" : "failed");
}
