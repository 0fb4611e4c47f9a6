/*
 * The remedy: what is set replaces. Every other setting of that name is left out of the copy.
 */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

int main(int argc, char **argv) {
    char *deploy;
    (void)argc;
    case_begin();
    if (asprintf(&deploy, "%s/deploy", dirname(argv[0])) < 0)
        case_broken("no path");
    setenv("TARGET", "production", 1); /* from whoever has started this program */

    size_t count = 0;
    while (environ[count])
        count++;
    char **variables = malloc((count + 2) * sizeof *variables), **next = variables;
    *next++ = "TARGET=test";
    for (char **each = environ; *each; each++)
        if (strncmp(*each, "TARGET=", 7) != 0)
            *next++ = *each;
    *next = NULL;

    case_step("starts deploy with TARGET=test");
    pid_t child = fork();
    if (child == 0) {
        execle(deploy, "deploy", (char *)NULL, variables);
        _exit(127);
    }
    waitpid(child, NULL, 0);
}
