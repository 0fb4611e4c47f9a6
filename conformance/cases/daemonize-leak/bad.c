/*
 * A program starts a server, which makes a daemon of itself: fork, setsid, fork again, and the
 * process between the two forks ends. The program waits for that one, the only child it knows. It
 * has no pid, no group and no session by which it could end the server.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static struct case_gate *started;

static _Noreturn void serve(void) {
    case_step("server: its parent is %d now, its session %d", getppid(), getsid(0));
    case_gate_open(started);
    for (;;)
        pause();
}

static void start_server(void) {
    pid_t child = fork();
    if (child == 0) {
        pid_t between = getpid();
        setsid();
        if (fork() == 0) { /* no leader of the session: it never gets a terminal */
            case_await_gone(between);
            (void)!chdir("/");
            serve();
        }
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

int main(void) {
    case_begin();
    started = case_gate_new();
    start_server();
    case_gate_pass(started);
    case_step("program: its work is done, it has no children, it ends");
}
