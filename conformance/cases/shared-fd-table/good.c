/*
 * The remedy: without CLONE_FILES the child has a copy of the table, as after fork, and changes its
 * own. Where the table must be shared at first, unshare(CLONE_FILES) in the child makes the copy.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static _Alignas(16) char stack[64 << 10];

static int helper(void *log) {
    dup2(*(int *)log, STDOUT_FILENO);
    (void)!write(STDOUT_FILENO, "helper: at work\n", 16);
    return 0;
}

int main(void) {
    char text[64] = "";
    case_begin();
    int log = open("helper.log", O_RDWR | O_CREAT | O_APPEND, 0600);
    pid_t child = clone(helper, stack + sizeof stack, SIGCHLD, &log);
    if (child < 0)
        case_broken("clone");
    waitpid(child, NULL, 0);

    case_step("parent: writes its result to standard output");
    (void)!write(STDOUT_FILENO, "result: 42\n", 11);
    (void)!pread(log, text, sizeof text - 1, 0);
    case_step("the helper's log: %s", text);
    case_outcome(strstr(text, "result") ? "in-the-log" : "on-standard-output");
}
