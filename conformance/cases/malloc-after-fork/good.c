/*
 * The remedy: everything that the child needs is made before the fork. Between fork and exec the
 * child calls nothing but what is async-signal-safe.
 */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "heap.h"

static void *worker(void *unused) {
    (void)unused;
    case_step("worker: mallocs %d bytes, which takes its time", LARGE);
    return malloc(LARGE);
}

int main(void) {
    pthread_t thread;
    int status;
    case_begin();
    in_malloc = case_gate_new();
    goes_on = case_gate_new();
    case_step("parent: mallocs the child's arguments");
    char **arguments = malloc(2 * sizeof *arguments);
    arguments[0] = "true";
    arguments[1] = NULL;
    pthread_create(&thread, NULL, worker, NULL);
    case_gate_pass(in_malloc);

    case_step("parent: forks");
    pid_t child = fork();
    if (child == 0) {
        execvp(arguments[0], arguments);
        _exit(127);
    }
    case_gate_open(goes_on);
    pthread_join(thread, NULL);
    case_step("parent: the worker is done, the lock is free; waits for the child");
    waitpid(child, &status, 0);
    case_outcome(status == 0 ? "ran" : "failed");
}
