/*
 * The remedy: the daemon holds a lock on its pidfile as long as it lives. Who can take the lock has
 * read the number of nobody. A pidfd that was opened before the look is of the process that held
 * it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static _Noreturn void serve(void) {
    int file = open("daemon.pid", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    flock(file, LOCK_EX); /* kept until it ends, however it ends */
    dprintf(file, "%d\n", getpid());
    case_step("daemon: I am %d, says daemon.pid", getpid());
    _exit(1); /* it ends, and does not remove the file */
}

static void stop(void) {
    int daemon = 0;
    FILE *file = fopen("daemon.pid", "re");
    (void)!fscanf(file, "%d", &daemon);
    int process = (int)syscall(SYS_pidfd_open, daemon, 0);
    if (process < 0 || flock(fileno(file), LOCK_SH | LOCK_NB) == 0)
        case_step("stop: nobody holds daemon.pid: there is no daemon");
    else if (syscall(SYS_pidfd_send_signal, process, SIGTERM, NULL, 0) == 0)
        case_step("stop: %d is told to end", daemon);
    else
        case_step("stop: %d: %s", daemon, strerror(errno));
    if (process >= 0)
        close(process);
    fclose(file);
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
