/*
 * exit-in-child mended on the parent's side, for a child whose code is not one's own and ends by
 * exit: the handler removes the lock only in the process that has taken it, and the buffers are
 * empty when the child gets its copy of them.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static const char line[] = "order 1\n";
static pid_t owner; /* of the lock */

static void unlock(void) {
    if (getpid() == owner)
        unlink("lock");
}

int main(void) {
    struct stat info;
    case_begin();
    close(open("lock", O_CREAT | O_EXCL, 0600));
    owner = getpid();
    atexit(unlock);
    FILE *report = fopen("report", "w");
    if (!report)
        case_broken("no report");
    fputs(line, report);

    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        execl("./no-such-program", "no-such-program", (char *)NULL);
        exit(EXIT_FAILURE);
    }
    waitpid(child, NULL, 0);

    int is_locked = access("lock", F_OK) == 0;
    fclose(report);
    stat("report", &info);
    int lines = (int)(info.st_size / (off_t)strlen(line));
    case_step("parent: at work; the lock is %s", is_locked ? "there" : "gone");
    case_step("parent: the report has %d lines", lines);
    case_outcome(!is_locked ? "lock-lost" : lines != 1 ? "line-doubled" : "intact");
}
