/*
 * owner-dies without a pipe: each worker asks the kernel for a signal at its parent's death. The
 * request comes too late when the owner has died before it, so the worker looks afterwards. The
 * owner's first thread has forked it, and lives as long as the owner.
 */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

enum { WORKERS = 2 };
static pid_t workers[WORKERS];

static _Noreturn void work(pid_t owner, struct case_gate *started) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != owner)
        _exit(1);
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
    pid_t owner = getpid();
    case_begin();
    for (int i = 0; i < WORKERS; i++) {
        struct case_gate *started = case_gate_new();
        workers[i] = fork();
        if (workers[i] == 0)
            work(owner, started);
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
