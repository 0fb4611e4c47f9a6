/*
 * A server forks its workers in a loop. A worker notes that it is one, and goes on in the loop: it
 * forks the rest of the workers as well, as children of its own. Each round doubles the number of
 * processes: six workers were meant, sixty-three come of it.
 */
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

enum { WORKERS = 6, MADE = (1 << WORKERS) - 1 };
static int *workers, *refused;
static struct case_gate *enough;

static _Noreturn void work(void) {
    if (__atomic_add_fetch(workers, 1, __ATOMIC_SEQ_CST) == MADE)
        case_gate_open(enough);
    case_gate_pass(enough); /* at work until all are there */
    while (wait(NULL) > 0)
        ;
    _exit(0);
}

int main(void) {
    bool is_worker = false;
    case_begin();
    workers = case_shared_int();
    refused = case_shared_int();
    enough = case_gate_new();
    for (int i = 0; i < WORKERS; i++) {
        pid_t pid = fork();
        if (pid == 0)
            is_worker = true;
        if (pid < 0) {
            *refused = 1;
            case_gate_open(enough);
            break;
        }
    }
    if (is_worker)
        work();
    while (wait(NULL) > 0)
        ;
    case_step("server: %d workers were meant, there were %d", WORKERS, *workers);
    if (*refused)
        case_outcome("refused");
    else
        case_outcome(*workers == WORKERS ? "as-meant" : "multiplied");
}
