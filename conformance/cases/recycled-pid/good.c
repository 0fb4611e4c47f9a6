/*
 * The remedy: whoever reaps takes the number back first, everywhere it was written down.
 *
 * waitid with WNOWAIT tells who has ended and leaves the zombie, which keeps its pid. The pidfile
 * is removed while nobody else can have the number; only then it is given back.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static void start(void) {
    pid_t worker = fork();
    if (worker == 0)
        _exit(0);
    FILE *file = fopen("worker.pid", "w");
    fprintf(file, "%d\n", worker);
    fclose(file);
    case_step("start: the worker's pid is %d, says worker.pid", worker);
}

/* A turn of the manager's main loop: reaps what has ended. */
static pid_t tidy(void) {
    siginfo_t info;
    waitid(P_ALL, 0, &info, WEXITED | WNOWAIT);
    unlink("worker.pid");
    pid_t ended = waitpid(info.si_pid, NULL, 0);
    case_step("main loop: %d has ended and is reaped: the pid is free", ended);
    return ended;
}

static void stop(void) {
    int worker = 0;
    FILE *file = fopen("worker.pid", "r");
    if (file) {
        (void)!fscanf(file, "%d", &worker);
        fclose(file);
    }
    if (worker <= 0)
        case_step("stop: there is no worker");
    else if (kill(worker, SIGTERM) == 0)
        case_step("stop: kill(%d) hit somebody", worker);
    else
        case_step("stop: kill(%d): %s", worker, strerror(errno));
}

int main(void) {
    case_begin();
    start();
    pid_t former = tidy();
    /* Days pass, and all other pids have had their turn. */
    case_stranger(former);
    case_step("a stranger is born as %d", former);
    stop();
    case_outcome("refused");
}
