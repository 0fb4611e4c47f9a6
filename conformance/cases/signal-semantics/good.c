/*
 * The remedy: sigaction says what is meant, and means it everywhere: the handler stays, and the
 * system calls that it interrupts are restarted.
 */
#undef _GNU_SOURCE
#define _XOPEN_SOURCE 700
#include <signal.h>
#include <stddef.h>

#include "case.h"

static volatile sig_atomic_t reloads;

static void reload(int number) {
    (void)number;
    reloads++;
}

int main(void) {
    struct sigaction action = {.sa_handler = reload, .sa_flags = SA_RESTART};
    case_begin();
    sigaction(SIGHUP, &action, NULL);
    case_step("server: a SIGHUP comes");
    raise(SIGHUP);
    case_step("server: has reloaded, %d; another SIGHUP comes", reloads);
    raise(SIGHUP);
    case_step("server: has reloaded, %d", reloads);
    case_outcome("handled");
}
