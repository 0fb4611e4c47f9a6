/*
 * The remedy: a pipe that nobody writes to, whose writing end only the owner holds. However the
 * owner ends, the kernel closes its descriptors; a worker reads the end of the pipe and ends.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

enum { WORKERS = 2 };
static pid_t workers[WORKERS];
static int owner[2];

static _Noreturn void work(struct case_gate *started) {
    char byte;
    close(owner[1]); /* or the workers would hold it open for each other */
    case_gate_open(started);
    (void)!read(owner[0], &byte, 1); /* with tasks: poll both descriptors */
    case_step("worker: the owner is gone, so am I");
    _exit(0);
}

static void end_workers(void) {
    for (int i = 0; i < WORKERS; i++)
        kill(workers[i], SIGKILL);
    while (wait(NULL) > 0)
        ;
}

int main(void) {
    case_begin();
    (void)!pipe2(owner, O_CLOEXEC);
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
