/*
 * A program ends its workers as the last thing it does. Then SIGKILL comes (from a kernel without
 * memory, an operator without patience), and not a line of the program runs any more. The workers
 * live on.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

enum { WORKERS = 2 };
static pid_t workers[WORKERS];

static _Noreturn void work(struct case_gate *started) {
    case_gate_open(started);
    for (;;)
        pause(); /* for the next task */
}

static void end_workers(void) {
    for (int i = 0; i < WORKERS; i++)
        kill(workers[i], SIGKILL);
    while (wait(NULL) > 0)
        ;
}

int main(void) {
    case_begin();
    for (int i = 0; i < WORKERS; i++) {
        struct case_gate *started = case_gate_new();
        workers[i] = fork();
        if (workers[i] == 0)
            work(started);
        case_gate_pass(started);
    }

    if (fork() == 0) {
        case_step("somebody: kill(%d, SIGKILL), the owner of the workers", getppid());
        kill(getppid(), SIGKILL);
        _exit(0);
    }
    pause(); /* here it gives tasks to its workers, and here SIGKILL comes */
    end_workers();
}
