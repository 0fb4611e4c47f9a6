/*
 * A handler waits for one child each time it gets SIGCHLD. A signal that is pending already is not
 * queued a second time: when ten children end while SIGCHLD is blocked the handler runs once, and
 * nine children are never noticed.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

enum { CHILDREN = 10 };

static volatile sig_atomic_t noticed;

static void on_child(int signal) {
    (void)signal;
    if (waitpid(-1, NULL, WNOHANG) > 0)
        noticed++;
}

int main(void) {
    struct sigaction action = {.sa_handler = on_child, .sa_flags = SA_RESTART};
    pid_t children[CHILDREN];
    sigset_t set;
    case_begin();
    sigaction(SIGCHLD, &action, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    for (int i = 0; i < CHILDREN; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            pause();
            _exit(0);
        }
    }

    /* A moment in which the signal is blocked, as it is while its handler runs. */
    sigprocmask(SIG_BLOCK, &set, NULL);
    for (int i = 0; i < CHILDREN; i++)
        kill(children[i], SIGKILL);
    for (int i = 0; i < CHILDREN; i++)
        case_await_exit(children[i]);
    sigprocmask(SIG_UNBLOCK, &set, NULL);

    case_step("parent: %d children have ended, %d were noticed", CHILDREN, (int)noticed);
    case_step("parent: %d zombies are left", case_zombies());
    case_outcome(noticed == CHILDREN ? "all-noticed" : "some-missed");
}
