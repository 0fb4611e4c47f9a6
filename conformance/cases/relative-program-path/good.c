/*
 * The remedy: a path has a slash. "./tool" is the one in the working directory, or nothing.
 */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

/* Gives a program that was built beside this one a name. */
static void place(const char *self, const char *program, const char *name) {
    char *path;
    if (asprintf(&path, "%s/%s", self, program) < 0 || symlink(path, name) != 0)
        case_broken("no program to run");
}

int main(int argc, char **argv) {
    char *path;
    (void)argc;
    case_begin();
    const char *self = dirname(argv[0]);
    place(self, "ours", "tool");
    mkdir("bin", 0700);
    place(self, "theirs", "bin/tool");
    if (asprintf(&path, "%s/bin:%s", getcwd(NULL, 0), getenv("PATH")) < 0)
        case_broken("no PATH");
    setenv("PATH", path, 1);
    case_step("there are ./tool, which is meant, and bin/tool, in PATH");

    pid_t child = fork();
    if (child == 0) {
        execlp("./tool", "tool", (char *)NULL);
        _exit(127);
    }
    waitpid(child, NULL, 0);
}
