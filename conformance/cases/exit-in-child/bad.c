/*
 * A program holds a lock file, which an atexit handler removes, and has written to a report that is
 * still in stdio's buffer. A child that cannot exec calls exit: it removes the lock under the
 * parent's feet and writes the parent's line, which the parent then writes once more.
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

static void unlock(void) {
    unlink("lock");
}

int main(void) {
    struct stat info;
    case_begin();
    close(open("lock", O_CREAT | O_EXCL, 0600));
    atexit(unlock);
    FILE *report = fopen("report", "w");
    if (!report)
        case_broken("no report");
    fputs(line, report);

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
