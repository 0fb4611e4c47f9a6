/*
 * One thread forks while another is inside malloc and holds its lock. The child gets the lock as it
 * is, locked, and not the thread that would unlock it: its first malloc waits for ever.
 *
 * libc's own malloc is safe there with glibc and musl, which take its locks before the fork. This
 * program has another one, linked in (heap.h).
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
    pthread_create(&thread, NULL, worker, NULL);
    case_gate_pass(in_malloc);

    case_step("parent: forks");
    pid_t child = fork();
    if (child == 0) {
        case_step("child: mallocs its arguments");
        char **arguments = malloc(2 * sizeof *arguments);
        arguments[0] = "true";
        arguments[1] = NULL;
        execvp(arguments[0], arguments);
        _exit(127);
    }
    case_gate_open(goes_on);
    pthread_join(thread, NULL);
    case_step("parent: the worker is done, the lock is free; waits for the child");
    waitpid(child, &status, 0);
    case_outcome(status == 0 ? "ran" : "failed");
}
