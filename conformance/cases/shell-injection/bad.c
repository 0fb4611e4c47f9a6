/*
 * A program shows a file that a user names, by way of the shell. A file name may hold any character
 * but a slash and a zero: what the shell takes for syntax in it becomes a command.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "case.h"

static int show(const char *name) {
    char command[256];
    snprintf(command, sizeof command, "cat %s", name);
    case_step("the shell gets: %s", command);
    return system(command);
}

int main(void) {
    const char *name = "notes; touch marker";
    case_begin();
    close(open("notes", O_CREAT, 0600));
    close(open(name, O_CREAT, 0600)); /* a file of that name, sent by somebody */
    int status = show(name);
    case_outcome(access("marker", F_OK) == 0 ? "injected" : status == 0 ? "shown" : "failed");
}
