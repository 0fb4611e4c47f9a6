/*
 * A program gives its job a process group and kills the group at the end. But one process of the
 * job has called setsid, to be independent of the terminal: it leads a group of its own now, and
 * the kill misses it.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static struct case_gate *started;

static _Noreturn void helper(void) {
    setsid();
    case_step("helper: group %d, session %d: out of the job's group", getpgrp(), getsid(0));
    case_gate_open(started);
    for (;;)
        pause();
}

static _Noreturn void job(void) {
    setpgid(0, 0);
    if (fork() == 0)
        helper();
    for (;;)
        pause();
}

int main(void) {
    case_begin();
    started = case_gate_new();
    pid_t child = fork();
    if (child == 0)
        job();
    setpgid(child, child);
    case_gate_pass(started);

    case_step("parent: kill(-%d), the whole group, and wait", child);
    kill(-child, SIGKILL);
    waitpid(child, NULL, 0);
    case_step("parent: the job is over, it thinks");
}
