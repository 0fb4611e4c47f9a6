/*
 * The remedy: the child leads a process group of its own, set on both sides of the fork, and the
 * kill is for the group. Whoever could still write to the pipe is gone, and the end comes.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

int main(void) {
    int out[2];
    char bytes[64];
    case_begin();
    struct case_gate *started = case_gate_new();
    (void)!pipe(out);
    pid_t child = fork();
    if (child == 0) {
        setpgid(0, 0);
        dup2(out[1], STDOUT_FILENO);
        close(out[0]), close(out[1]);
        pid_t grandchild = fork();
        if (grandchild == 0) {
            case_step("grandchild: at work, for ever, with its parent's standard output");
            case_gate_open(started);
            for (;;)
                pause();
        }
        waitpid(grandchild, NULL, 0);
        _exit(0);
    }
    setpgid(child, child);
    close(out[1]);
    case_gate_pass(started);
    case_step("parent: the time is up: kill(-%d), the whole group, and wait", child);
    kill(-child, SIGKILL);
    waitpid(child, NULL, 0);
    case_step("parent: it is over; reads the rest of the output");
    while (read(out[0], bytes, sizeof bytes) > 0)
        ;
    case_outcome("completed");
}
