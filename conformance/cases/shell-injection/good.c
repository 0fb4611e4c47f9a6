/*
 * The remedy: no shell. The name is one argument, whatever it holds; "--" says that it is no
 * option.
 */
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static int show(const char *name) {
    int status;
    case_step("cat gets: %s", name);
    pid_t child = fork();
    if (child == 0) {
        execlp("cat", "cat", "--", name, (char *)NULL);
        _exit(127);
    }
    return waitpid(child, &status, 0) == child ? status : -1;
}

int main(void) {
    const char *name = "notes; touch marker";
    case_begin();
    close(open("notes", O_CREAT, 0600));
    close(open(name, O_CREAT, 0600)); /* a file of that name, sent by somebody */
    int status = show(name);
    case_outcome(access("marker", F_OK) == 0 ? "injected" : status == 0 ? "shown" : "failed");
}
