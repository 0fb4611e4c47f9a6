/*
 * kill-reaps the other way round: the library may reap, if the child is its own from the start to
 * the end. It keeps the status, and answers every later wait itself. The caller has no number, so
 * that it cannot wait behind the library's back.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

/* --- the library --- */

struct child {
    pid_t pid;
    bool is_over;
    int status;
};

static struct child child_start(void work(void)) {
    struct child child = {.pid = fork()};
    if (child.pid == 0) {
        work();
        _exit(0);
    }
    return child;
}

static bool child_reap(struct child *child, int options) {
    if (!child->is_over) {
        pid_t ended;
        do
            ended = waitpid(child->pid, &child->status, options);
        while (ended < 0 && errno == EINTR);
        child->is_over = ended == child->pid;
    }
    return child->is_over;
}

static void child_kill(struct child *child) {
    if (child_reap(child, WNOHANG))
        case_step("library: %d has ended already, nobody is killed", child->pid);
    else
        kill(child->pid, SIGKILL);
}

static bool child_wait(struct child *child, int *ret_status) {
    if (!child_reap(child, 0))
        return false;
    *ret_status = child->status;
    return true;
}

/* --- its caller --- */

static void work(void) {
    _exit(3);
}

int main(void) {
    int status;
    case_begin();
    struct child child = child_start(work);
    /* The child ends by itself just before the kill. */
    case_await_exit(child.pid);
    child_kill(&child);

    if (child_wait(&child, &status) && WIFEXITED(status)) {
        case_step("caller: the child's exit status is %d", WEXITSTATUS(status));
        case_outcome("status-delivered");
    } else {
        case_step("caller: no status");
        case_outcome("status-lost");
    }
}
