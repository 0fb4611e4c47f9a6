/*
 * zombie-looks-alive without asking waitpid: a pidfd becomes readable when the process ends, waited
 * for or not. poll sleeps until then or until the time is up, so that there is no loop of looks.
 */
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

enum { GRACE = 5000 }; /* milliseconds that it has, at most */

/* True when the worker ended in time. */
static bool stop(pid_t worker) {
    struct pollfd end = {.fd = pidfd_open(worker, 0), .events = POLLIN};
    if (end.fd < 0)
        case_cannot("a pidfd");
    kill(worker, SIGTERM);
    bool in_time = poll(&end, 1, GRACE) == 1;
    close(end.fd);
    case_step("owner: %d %s", worker, in_time ? "has ended, as poll tells" : "does not end");
    if (!in_time)
        kill(worker, SIGKILL);
    waitpid(worker, NULL, 0); /* does not block for long, in either case */
    return in_time;
}

int main(void) {
    case_begin();
    pid_t worker = fork();
    if (worker == 0)
        for (;;)
            pause();
    case_outcome(stop(worker) ? "seen-to-end" : "taken-for-alive");
}
