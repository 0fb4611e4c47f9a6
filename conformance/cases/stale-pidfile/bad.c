/*
 * A daemon is started with a pidfile. It ends and is reaped; the file stays. Then "stop", another
 * program that never had that child, reads the number there and signals whoever has it by now.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static _Noreturn void serve(void) {
    FILE *file = fopen("daemon.pid", "w");
    fprintf(file, "%d\n", getpid());
    fclose(file);
    case_step("daemon: I am %d, says daemon.pid", getpid());
    _exit(1); /* it ends, and does not remove the file */
}

static void stop(void) {
    int daemon = 0;
    FILE *file = fopen("daemon.pid", "r");
    (void)!fscanf(file, "%d", &daemon);
    fclose(file);
    if (kill(daemon, SIGTERM) == 0)
        case_step("stop: kill(%d) hit somebody", daemon);
    else
        case_step("stop: kill(%d): %s", daemon, strerror(errno));
}

int main(void) {
    case_begin();
    struct case_gate *stop_is_called = case_gate_new();
    pid_t stopper = fork();
    if (stopper == 0) { /* somebody else, in another shell */
        case_gate_pass(stop_is_called);
        stop();
        _exit(0);
    }
    pid_t daemon = fork();
    if (daemon == 0)
        serve();
    waitpid(daemon, NULL, 0);
    case_step("start: %d has ended and is reaped: the pid is free", daemon);
    /* Days pass, and all other pids have had their turn. */
    case_stranger(daemon);
    case_step("a stranger is born as %d", daemon);

    case_gate_open(stop_is_called);
    waitpid(stopper, NULL, 0);
    case_outcome("refused");
}
