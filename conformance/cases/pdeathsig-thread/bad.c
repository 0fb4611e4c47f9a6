/*
 * A child asks to be killed when its parent dies, so that it is never left behind. A thread of the
 * program's pool has started it, and to Linux that thread is the parent. The pool gives the thread
 * up; the child is killed in the middle of its work, and the program lives.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static struct case_gate *ready, *request;
static pid_t child, worker_thread;

static void start_child(void) {
    pid_t parent = getpid();
    child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1); /* it had died before */
        case_gate_open(ready);
        case_gate_pass(request);
        _exit(0);
    }
    case_gate_pass(ready);
}

static void *worker(void *unused) {
    worker_thread = gettid();
    start_child();
    case_step("worker %d: nothing more to do, the thread ends", worker_thread);
    return unused;
}

int main(void) {
    pthread_t thread;
    int status;
    case_begin();
    ready = case_gate_new(), request = case_gate_new();
    pthread_create(&thread, NULL, worker, NULL);
    pthread_join(thread, NULL);
    case_await_gone(worker_thread);

    case_step("main: still alive, and sends a request to its child %d", child);
    case_gate_open(request);
    waitpid(child, &status, 0);
    case_step("main: the child %s", WIFSIGNALED(status) ? "was killed" : "has served it");
    case_outcome(WIFSIGNALED(status) ? "killed" : "served");
}
