/*
 * A program kills its child and believes that the job is over. The child had a child of its own,
 * which nobody signals: it lives on without anybody who knows of it.
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
    case_gate_pass(started);
    case_await_state(child, 'S'); /* in waitpid */
    case_step("parent: kill(%d) and wait for it", child);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    case_step("parent: the job is over, it thinks");
}
