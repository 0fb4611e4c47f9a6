/* posix_spawn of a program that is not there: what does it answer? */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

int main(void) {
    pid_t child;
    char *argv[] = {"missing", NULL};
    int error = posix_spawn(&child, "/missing/program", NULL, NULL, argv, NULL), status;
    if (error)
        printf("posix_spawn answers %s\n", strerror(error));
    else if (waitpid(child, &status, 0) == child)
        printf("posix_spawn answers 0, the child exits %d\n", WEXITSTATUS(status));
}
