/*
 * The remedy: of a child it is waitpid with WNOHANG that tells whether it has ended. It reaps as
 * well, so that the pid is free from then on.
 */
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

enum { LOOKS = 100 }; /* the time it has, in looks: a real program sleeps between them */

static bool has_ended(pid_t worker) {
    return waitpid(worker, NULL, WNOHANG) == worker;
}

/* True when the worker ended in time. */
static bool stop(pid_t worker) {
    kill(worker, SIGTERM);
    case_await_exit(worker); /* it ends at once */
    for (int i = 1; i <= LOOKS; i++) {
        if (has_ended(worker)) {
            case_step("owner: %d has ended, seen at look %d", worker, i);
            return true;
        }
        sched_yield();
    }
    case_step("owner: %d does not end: it looks alive %d times", worker, LOOKS);
    kill(worker, SIGKILL);
    waitpid(worker, NULL, 0);
    return false;
}

int main(void) {
    case_begin();
    pid_t worker = fork();
    if (worker == 0)
        for (;;)
            pause();
    case_outcome(stop(worker) ? "seen-to-end" : "taken-for-alive");
}
