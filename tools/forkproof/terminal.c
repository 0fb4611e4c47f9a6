#include "terminal.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <unistd.h>

/* Takes the signal, which is blocked elsewhere, by its default. */
static void take(int sig) {
    struct sigaction old, standard = {.sa_handler = SIG_DFL};
    sigset_t set, before;
    sigaction(sig, &standard, &old);
    kill(getpid(), sig);
    sigemptyset(&set);
    sigaddset(&set, sig);
    sigprocmask(SIG_UNBLOCK, &set, &before);
    sigprocmask(SIG_SETMASK, &before, NULL);
    sigaction(sig, &old, NULL);
}

/* Only SIGCONT ends a stop; it is blocked here, and a stop discards earlier ones. */
static bool was_continued(void) {
    sigset_t pending;
    sigpending(&pending);
    return sigismember(&pending, SIGCONT) == 1;
}

void fp_terminal_stop(int sig) {
    if (sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU) {
        take(sig);
        if (was_continued())
            return;
        /* An orphaned process group discards these. */
    }
    kill(getpid(), SIGSTOP);
}

void fp_terminal_die(int sig) {
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    take(sig);
}
