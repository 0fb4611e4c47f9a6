/*
 * A server forks a worker for each request and does not wait for any while it serves. Each worker
 * that has ended stays as a zombie and keeps its pid, until there are no pids left for anybody.
 *
 * It asks for the statuses when it shuts down: they must still be there then.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

enum { REQUESTS = 300, FEW = 100 };

static pid_t workers[REQUESTS]; /* 0: waited for */
static int statuses;            /* that were the ones the workers ended with */

static void serve(int i) {
    workers[i] = fork();
    if (workers[i] == 0)
        _exit(i % 100);
    if (workers[i] < 0)
        case_broken("no more processes");
    case_await_exit(workers[i]); /* so that the count is exact; leaves the zombie */
}

static void wait_for_all(int options) {
    for (int i = 0; i < REQUESTS; i++) {
        int status;
        if (workers[i] == 0 || waitpid(workers[i], &status, options) != workers[i])
            continue;
        workers[i] = 0;
        statuses += WIFEXITED(status) && WEXITSTATUS(status) == i % 100;
    }
}

int main(void) {
    case_begin();
    for (int i = 0; i < REQUESTS; i++)
        serve(i);
    int zombies = case_zombies();
    case_step("server: %d requests are served, %d workers are zombies", REQUESTS, zombies);

    wait_for_all(0);
    case_step("server: shuts down, %d statuses are right", statuses);
    case_outcome(statuses < REQUESTS ? "status-lost" : zombies > FEW ? "piled-up" : "bounded");
}
