/*
 * A server reads its configuration again at each SIGHUP, by a handler set with signal(). It is
 * built for strict POSIX, and there glibc's signal() is that of System V: the first SIGHUP runs the
 * handler and takes it away, the second one kills the server.
 */
#undef _GNU_SOURCE
#define _XOPEN_SOURCE 700 /* as in the project's build; without it this same program is right */
#include <signal.h>

#include "case.h"

static volatile sig_atomic_t reloads;

static void reload(int number) {
    (void)number;
    reloads++;
}

int main(void) {
    case_begin();
    signal(SIGHUP, reload);
    case_step("server: a SIGHUP comes");
    raise(SIGHUP);
    case_step("server: has reloaded, %d; another SIGHUP comes", reloads);
    raise(SIGHUP);
    case_step("server: has reloaded, %d", reloads);
    case_outcome("handled");
}
