/*
 * The remedy: the path is made absolute before the child changes its directory, and before the
 * fork, because that takes memory.
 */
#include <libgen.h>
#include <stdio.h>
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
    (void)argc;
    case_begin();
    const char *self = dirname(argv[0]);
    mkdir("tools", 0700);
    place(self, "ours", "tools/check");
    mkdir("project", 0700);
    mkdir("project/tools", 0700);
    place(self, "theirs", "project/tools/check");

    char *check;
    if (asprintf(&check, "%s/tools/check", getcwd(NULL, 0)) < 0)
        case_broken("no path");
    pid_t child = fork();
    if (child == 0) {
        case_step("child: changes to project and runs %s", check);
        if (chdir("project") == 0)
            execl(check, "check", (char *)NULL);
        _exit(127);
    }
    waitpid(child, NULL, 0);
}
