/*
 * The remedy: nobody reaps while somebody may be signalling.
 *
 * waitid with WNOWAIT waits and leaves the zombie, which keeps its pid. Only then the lock is
 * taken, the child is marked as over, and reaped. A kill under the same lock never comes after.
 */
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static pid_t child;
static bool is_over;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct case_gate *time_is_up;

static void *watchdog(void *unused) {
    case_gate_pass(time_is_up);
    pthread_mutex_lock(&lock);
    if (is_over)
        case_step("watchdog: it is over already, nobody is killed");
    else
        kill(child, SIGKILL);
    pthread_mutex_unlock(&lock);
    return unused;
}

int main(void) {
    pthread_t thread;
    siginfo_t info;
    case_begin();
    time_is_up = case_gate_new();
    child = fork();
    if (child == 0)
        _exit(0);
    pthread_create(&thread, NULL, watchdog, NULL);

    waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT);
    pthread_mutex_lock(&lock);
    waitid(P_PID, (id_t)child, &info, WEXITED);
    is_over = true;
    pthread_mutex_unlock(&lock);
    case_step("main: child %d has ended and is reaped: the pid is free", child);
    case_stranger(child);
    case_step("a stranger is born as %d", child);
    case_gate_open(time_is_up);

    pthread_join(thread, NULL);
    case_outcome("refused");
}
