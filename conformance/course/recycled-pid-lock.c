/*
 * recycled-pid without a look before the reaping: whoever reaps need not know of the pidfile.
 *
 * The worker locks its pidfile, and the kernel takes the lock back when the worker ends. "stop"
 * asks the kernel who has the lock. It opens a pidfd first and asks then: if the worker ends
 * in between, the signal goes to nobody.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static void start(void) {
    pid_t worker = fork();
    if (worker == 0) {
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        int file = open("worker.pid", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (file < 0 || fcntl(file, F_SETLK, &lock) != 0)
            case_broken("no lock");
        case_step("worker: %d, holds the lock on worker.pid as long as it lives", getpid());
        _exit(0);
    }
}

/* A turn of the manager's main loop: reaps what has ended. */
static pid_t tidy(void) {
    pid_t ended = waitpid(-1, NULL, 0);
    case_step("main loop: %d has ended and is reaped: the pid is free", ended);
    return ended;
}

/* Who has the lock; 0: nobody. */
static pid_t holder(int file) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (file < 0 || fcntl(file, F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK)
        return 0;
    return lock.l_pid;
}

static void stop(void) {
    int file = open("worker.pid", O_RDWR | O_CLOEXEC);
    pid_t worker = holder(file);
    int process = worker > 0 ? pidfd_open(worker, 0) : -1;
    if (process < 0 || holder(file) != worker)
        case_step("stop: nobody has the lock: there is no worker");
    else if (pidfd_send_signal(process, SIGTERM, NULL, 0) == 0)
        case_step("stop: %d is told to end", worker);
    else
        case_step("stop: %d: %s", worker, strerror(errno));
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
