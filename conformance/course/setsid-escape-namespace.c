/*
 * setsid-escape without a subreaper: the job is the first process of a pid namespace. When it is
 * killed the kernel kills everybody in there, whatever groups and sessions they have made, and
 * waitpid returns when all of them are gone.
 *
 * Without root's rights it takes a user namespace as well.
 */
#include <sched.h>
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
    /* The next child is the first process of it; the caller stays where it is. */
    if (unshare(CLONE_NEWPID) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0)
        case_cannot("a pid namespace");
    pid_t child = fork();
    if (child == 0)
        job();
    setpgid(child, child);
    case_gate_pass(started);

    case_step("parent: kill(%d), the first of its namespace, and wait", child);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    case_step("parent: the job is over");
}
