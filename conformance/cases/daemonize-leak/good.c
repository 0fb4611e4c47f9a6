/*
 * The remedy: the server stays in the foreground, a child like any other. The program knows its
 * pid, tells it to end, and waits until it has.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static struct case_gate *started;

static _Noreturn void serve(void) {
    case_step("server: its parent is %d, its session %d", getppid(), getsid(0));
    case_gate_open(started);
    for (;;)
        pause();
}

static pid_t start_server(void) {
    pid_t server = fork();
    if (server == 0) {
        (void)!chdir("/");
        serve();
    }
    return server;
}

int main(void) {
    case_begin();
    started = case_gate_new();
    pid_t server = start_server();
    case_gate_pass(started);
    case_step("program: its work is done, it tells the server to end");
    kill(server, SIGTERM);
    waitpid(server, NULL, 0);
    case_step("program: the server has ended, it ends");
}
