/*
 * The remedy: the parent is a subreaper, so that whoever loses its parent becomes its child, in
 * whatever group and session. It kills its children and waits for one, until it has none: a child
 * that has not been waited for keeps its pid, so no kill can hit anybody else.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
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

static void kill_children(void) {
    char path[64];
    int pid;
    snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
    FILE *children = fopen(path, "re");
    if (!children)
        case_cannot("a list of children in /proc");
    while (fscanf(children, "%d", &pid) == 1)
        kill(pid, SIGKILL);
    fclose(children);
}

int main(void) {
    case_begin();
    started = case_gate_new();
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t child = fork();
    if (child == 0)
        job();
    setpgid(child, child);
    case_gate_pass(started);

    case_step("parent: kills its children, and those that it inherits, until none is left");
    do
        kill_children();
    while ((child = waitpid(-1, NULL, 0)) > 0);
    case_step("parent: no child is left, the job is over");
}
