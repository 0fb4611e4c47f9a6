/*
 * A sort gives each half of its work to a process of its own. The test for the end is wrong: half
 * of one, rounded up, is one again, for ever. And a half that was killed is given to another
 * process, so that killing them one by one does not help.
 */
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

/* Where the case ends what would go on until nobody can fork any more. */
enum { ITEMS = 16, TOO_MANY = 200 };
static int *processes, *refused;
static struct case_gate *noticed;

static void sort(int items);

static _Noreturn void stay(void) {
    case_gate_open(noticed);
    for (;;)
        pause();
}

static void start(int items) {
    if (__atomic_add_fetch(processes, 1, __ATOMIC_SEQ_CST) > TOO_MANY)
        stay();
    pid_t pid = fork();
    if (pid == 0) {
        sort(items);
        _exit(0);
    }
    if (pid < 0) {
        *refused = errno;
        stay();
    }
}

static void sort(int items) {
    int status;
    if (items == 0)
        return;
    int half = (items + 1) / 2;
    start(half);
    start(half);
    while (wait(&status) > 0) {
        __atomic_sub_fetch(processes, 1, __ATOMIC_SEQ_CST);
        if (WIFSIGNALED(status))
            start(half);
    }
}

int main(void) {
    case_begin();
    processes = case_shared_int();
    refused = case_shared_int();
    noticed = case_gate_new();
    start(ITEMS);

    case_gate_pass(noticed);
    if (*refused == EAGAIN)
        case_step("main: a fork was refused, EAGAIN: it gives up");
    else
        case_step("main: %d processes for %d items: it gives up", TOO_MANY, ITEMS);
    case_outcome(*refused == EAGAIN ? "refused" : "unlimited");
}
