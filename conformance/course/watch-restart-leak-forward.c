/*
 * watch-restart-leak without a process group: the wrapper hands the signal on to the server and
 * ends after it. This is what an init of a container does.
 *
 * The signals are blocked before the fork and taken by sigwaitinfo, so that none can come before
 * the wrapper knows its server.
 */
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

enum { VERSIONS = 4 };
static int *servers[VERSIONS]; /* their pids */

static _Noreturn void wrap(int version, struct case_gate *started) {
    sigset_t awaited, before;
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGTERM);
    sigaddset(&awaited, SIGCHLD);
    sigprocmask(SIG_BLOCK, &awaited, &before);
    pid_t server = fork();
    if (server == 0) {
        sigprocmask(SIG_SETMASK, &before, NULL); /* the mask would be inherited */
        *servers[version] = getpid();
        case_gate_open(started);
        for (;;)
            pause();
    }
    do
        if (sigwaitinfo(&awaited, NULL) == SIGTERM)
            kill(server, SIGTERM);
    while (waitpid(server, NULL, WNOHANG) != server);
    _exit(0);
}

static pid_t start(int version) {
    struct case_gate *started = case_gate_new();
    pid_t wrapper = fork();
    if (wrapper == 0)
        wrap(version, started);
    case_gate_pass(started);
    case_step("restarter: version %d is served by %d, below %d", version, *servers[version],
              wrapper);
    return wrapper;
}

static void stop(pid_t wrapper) {
    kill(wrapper, SIGTERM);
    waitpid(wrapper, NULL, 0); /* the server has ended before it */
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
