/*
 * A watchdog thread kills the child when the time is up; the main thread waits for it.
 *
 * The child ends by itself just before. waitpid gives its pid back, a stranger gets it, and the
 * watchdog, which knows nothing of that, kills the stranger.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static pid_t child;
static struct case_gate *time_is_up;

static void *watchdog(void *unused) {
    case_gate_pass(time_is_up);
    if (kill(child, SIGKILL) == 0)
        case_step("watchdog: kill(%d) hit somebody", child);
    else
        case_step("watchdog: kill(%d): %s", child, strerror(errno));
    return unused;
}

int main(void) {
    pthread_t thread;
    int status;
    case_begin();
    time_is_up = case_gate_new();
    child = fork();
    if (child == 0)
        _exit(0);
    pthread_create(&thread, NULL, watchdog, NULL);

    waitpid(child, &status, 0);
    case_step("main: child %d has ended and is reaped: the pid is free", child);
    /* Here the scheduler lets other processes run. One of them gets the pid. */
    case_stranger(child);
    case_step("a stranger is born as %d", child);
    case_gate_open(time_is_up);

    pthread_join(thread, NULL);
    case_outcome("refused");
}
