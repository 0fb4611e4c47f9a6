/*
 * The remedy: the child leaves by _exit, which runs no handlers and flushes nothing. Both belong to
 * the process that has registered and written them.
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
        _exit(127);
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
