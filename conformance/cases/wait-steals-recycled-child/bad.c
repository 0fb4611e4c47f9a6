/*
 * The main thread asks whether its child still runs, which reaps it, and waits for it later by its
 * pid. By then another thread has a new child with that pid: the wait succeeds, with the status of
 * the wrong child, and the other thread's own wait finds nobody.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

struct job {
    pid_t pid;
};

static struct job first;
static struct case_gate *second_is_born, *first_is_waited_for;

static bool job_runs(struct job *job) {
    return waitpid(job->pid, NULL, WNOHANG) == 0;
}

static int job_status(struct job *job) {
    int status = -1;
    waitpid(job->pid, &status, 0);
    return WEXITSTATUS(status);
}

static void *other_thread(void *unused) {
    int status;
    case_next_pid(first.pid); /* all others have had their turn */
    pid_t second = fork();
    if (second == 0)
        _exit(7);
    if (second != first.pid)
        case_broken("the pid did not come back");
    case_step("other thread: its new child is %d, too", second);
    case_gate_open(second_is_born);
    case_gate_pass(first_is_waited_for);
    bool is_mine = waitpid(second, &status, 0) == second;
    case_step("other thread: waitpid(%d): %s", second, is_mine ? "done" : strerror(errno));
    case_outcome(is_mine ? "status-kept" : "status-stolen");
    return unused;
}

int main(void) {
    pthread_t thread;
    case_begin();
    second_is_born = case_gate_new();
    first_is_waited_for = case_gate_new();
    first.pid = fork();
    if (first.pid == 0)
        _exit(1);
    case_await_exit(first.pid);
    case_step("main: does %d run? %s", first.pid, job_runs(&first) ? "yes" : "no");
    pthread_create(&thread, NULL, other_thread, NULL);
    case_gate_pass(second_is_born);
    case_step("main: %d has ended with status %d", first.pid, job_status(&first));
    case_gate_open(first_is_waited_for);
    pthread_join(thread, NULL);
}
