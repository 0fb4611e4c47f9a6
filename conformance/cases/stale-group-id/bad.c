/*
 * A program keeps the number of a job's process group, to sweep up what the job may have left. The
 * job has left nothing: the last member is gone, the number is free, and a neighbour's job leads a
 * group of that number when the sweep comes.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static struct case_gate *number_is_free, *taken, *finish;
static int *number;

/* Another service on the same machine. Its job has a group of its own, as ours had. */
static _Noreturn void neighbour(void) {
    int status;
    setsid();
    case_gate_pass(number_is_free);
    case_next_pid(*number);
    pid_t job = fork();
    if (job == 0) {
        setpgid(0, 0);
        case_step("neighbour's job: leads group %d", getpgrp());
        case_gate_open(taken);
        case_gate_pass(finish);
        _exit(0);
    }
    if (job != *number)
        case_broken("the number went to somebody else");
    waitpid(job, &status, 0);
    case_step("neighbour: its job %s", WIFSIGNALED(status) ? "was killed" : "is done");
    case_outcome(WIFSIGNALED(status) ? "stranger-killed" : "nobody-hit");
    _exit(0);
}

int main(void) {
    case_begin();
    number_is_free = case_gate_new(), taken = case_gate_new(), finish = case_gate_new();
    number = case_shared_int();
    pid_t other = fork();
    if (other == 0)
        neighbour();
    pid_t group = fork();
    if (group == 0) {
        setpgid(0, 0);
        _exit(0);
    }
    waitpid(group, NULL, 0);
    case_step("main: job %d is over and reaped", group);
    *number = group;
    case_gate_open(number_is_free); /* time goes by, and the numbers come round */
    case_gate_pass(taken);

    case_step("main: kill(-%d), in case something is left", group);
    kill(-group, SIGKILL);
    case_gate_open(finish);
    waitpid(other, NULL, 0);
}
