/*
 * The remedy: what a child does stands in one place, right behind the fork, and ends in _exit (or
 * exec). Nothing of the parent's comes after it.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

enum { WORKERS = 6 };
static int *workers, *refused;
static struct case_gate *enough;

static _Noreturn void work(void) {
    if (__atomic_add_fetch(workers, 1, __ATOMIC_SEQ_CST) == WORKERS)
        case_gate_open(enough);
    case_gate_pass(enough); /* at work until all are there */
    while (wait(NULL) > 0)
        ;
    _exit(0);
}

int main(void) {
    case_begin();
    workers = case_shared_int();
    refused = case_shared_int();
    enough = case_gate_new();
    for (int i = 0; i < WORKERS; i++) {
        pid_t pid = fork();
        if (pid == 0)
            work();
        if (pid < 0) {
            *refused = 1;
            case_gate_open(enough);
            break;
        }
    }
    while (wait(NULL) > 0)
        ;
    case_step("server: %d workers were meant, there were %d", WORKERS, *workers);
    if (*refused)
        case_outcome("refused");
    else
        case_outcome(*workers == WORKERS ? "as-meant" : "multiplied");
}
