/*
 * A development server is started again whenever a file changes. The restarter ends its child,
 * which is a wrapper (a shell, a package manager), and the server is the wrapper's child. Each
 * change leaves one more server of an old version.
 */
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

enum { VERSIONS = 4 };
static int *servers[VERSIONS]; /* their pids */

static pid_t start(int version) {
    struct case_gate *started = case_gate_new();
    pid_t wrapper = fork();
    if (wrapper == 0) {
        pid_t server = fork();
        if (server == 0) {
            *servers[version] = getpid();
            case_gate_open(started);
            for (;;)
                pause();
        }
        waitpid(server, NULL, 0);
        _exit(0);
    }
    case_gate_pass(started);
    case_await_state(wrapper, 'S'); /* in waitpid */
    case_step("restarter: version %d is served by %d, below %d", version, *servers[version],
              wrapper);
    return wrapper;
}

static void stop(pid_t wrapper) {
    kill(wrapper, SIGTERM);
    waitpid(wrapper, NULL, 0);
}

/* Asleep: no signal is on its way to it. */
static bool is_alive(pid_t server) {
    char state;
    while ((state = case_state(server)) != 'S' && state != 'Z' && state)
        sched_yield();
    return state == 'S';
}

int main(void) {
    int old = 0;
    case_begin();
    for (int i = 0; i < VERSIONS; i++)
        servers[i] = case_shared_int();
    pid_t wrapper = start(0);
    for (int version = 1; version < VERSIONS; version++) {
        stop(wrapper); /* a file has changed */
        wrapper = start(version);
    }
    for (int i = 0; i < VERSIONS - 1; i++)
        old += is_alive(*servers[i]);
    case_step("restarter: %d servers of old versions are at work beside the new one", old);
    case_outcome(old ? "copies-pile-up" : "one-at-a-time");
    stop(wrapper);
}
