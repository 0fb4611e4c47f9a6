/*
 * The remedy: what is too small to be halved is not, and the halves make the whole. When the kernel
 * refuses a fork the process does the work itself. All are waited for.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

enum { ITEMS = 16 };
static int *processes;

static void sort(int items);

static void start(int items) {
    pid_t pid = fork();
    if (pid == 0) {
        __atomic_add_fetch(processes, 1, __ATOMIC_SEQ_CST);
        sort(items);
        _exit(0);
    }
    if (pid < 0)
        sort(items);
}

static void sort(int items) {
    if (items <= 1)
        return;
    int half = items / 2;
    start(half);
    start(items - half);
    while (wait(NULL) > 0)
        ;
}

int main(void) {
    case_begin();
    processes = case_shared_int();
    start(ITEMS);
    while (wait(NULL) > 0)
        ;
    case_step("main: %d processes for %d items, all of them ended", *processes, ITEMS);
    case_outcome("completed");
}
