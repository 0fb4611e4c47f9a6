/*
 * A program runs its checker, "tools/check", in the directory of a project. The child changes to
 * that directory first, and then the path begins there: it finds what the project has under that
 * name.
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

    pid_t child = fork();
    if (child == 0) {
        case_step("child: changes to project and runs tools/check");
        if (chdir("project") == 0)
            execl("tools/check", "check", (char *)NULL);
        _exit(127);
    }
    waitpid(child, NULL, 0);
}
