/*
 * kill-wait-race without a lock: the watchdog does not hold a number.
 *
 * A pidfd names the process itself. It is opened while nobody can have reaped the child, since the
 * thread that reaps is still on its way there. Once the child is reaped a signal by it is ESRCH,
 * whoever has the number.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static int child_fd;
static struct case_gate *time_is_up;

static void *watchdog(void *unused) {
    case_gate_pass(time_is_up);
    if (pidfd_send_signal(child_fd, SIGKILL, NULL, 0) == 0)
        case_step("watchdog: the child is killed");
    else
        case_step("watchdog: the child: %s", strerror(errno));
    return unused;
}

int main(void) {
    pthread_t thread;
    int status;
    case_begin();
    time_is_up = case_gate_new();
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    child_fd = pidfd_open(child, 0); /* a zombie will do as well */
    if (child_fd < 0)
        case_cannot("a pidfd");
    pthread_create(&thread, NULL, watchdog, NULL);

    waitpid(child, &status, 0);
    case_step("main: child %d has ended and is reaped: the pid is free", child);
    case_stranger(child);
    case_step("a stranger is born as %d", child);
    case_gate_open(time_is_up);

    pthread_join(thread, NULL);
    close(child_fd);
    case_outcome("refused");
}
