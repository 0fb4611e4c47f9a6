/*
 * The remedy: the child leads a process group of its own, set on both sides of the fork so that it
 * holds whoever comes first, and the kill is for the group.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

int main(void) {
    case_begin();
    struct case_gate *started = case_gate_new();
    pid_t child = fork();
    if (child == 0) {
        setpgid(0, 0);
        pid_t grandchild = fork();
        if (grandchild == 0) {
            case_step("grandchild: at work, for ever");
            case_gate_open(started);
            for (;;)
                pause();
        }
        waitpid(grandchild, NULL, 0);
        _exit(0);
    }
    setpgid(child, child);
    case_gate_pass(started);
    case_await_state(child, 'S'); /* in waitpid */
    case_step("parent: kill(-%d), the whole group, and wait", child);
    kill(-child, SIGKILL);
    waitpid(child, NULL, 0);
    case_step("parent: the job is over");
}
