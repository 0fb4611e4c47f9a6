/*
 * Tested: a signal whose handler has SA_RESTART does not end a blocked wait; without it the wait
 * fails with EINTR and the child can still be waited for. For each wait call.
 */
#include <sys/resource.h>

#include "canon.h"

static volatile sig_atomic_t handled;

static void on_signal(int signal) {
    (void)signal;
    handled++;
}

enum call { WAIT, WAITPID, WAIT3, WAIT4, WAITID, WAITID_ALL, WAIT_GROUP, CALLS };
static const char *const names[] = {"wait",   "waitpid",    "wait3",     "wait4",
                                    "waitid", "waitid all", "wait group"};

static long wait_by(enum call call, pid_t child, int *status) {
    siginfo_t info;
    long result;
    switch (call) {
    case WAIT:
        return wait(status);
    case WAITPID:
        return waitpid(child, status, 0);
    case WAIT3:
        return wait3(status, 0, NULL);
    case WAIT4:
        return wait4(child, status, 0, NULL);
    case WAIT_GROUP:
        return waitpid(0, status, 0);
    case WAITID:
    case WAITID_ALL:
        result = waitid(call == WAITID ? P_PID : P_ALL, (id_t)child, &info, WEXITED);
        *status = result == 0 ? info.si_status << 8 : *status;
        return result == 0 ? child : result;
    case CALLS:
        break;
    }
    abort();
}

/* Interrupts its blocked parent once, and exits when the parent has handled that and blocks again.
 */
static pid_t interrupter(const int *go) {
    pid_t child = fork();
    if (child)
        return child;
    char byte;
    await_state(getppid(), "S");
    kill(getppid(), SIGUSR1);
    if (read(go[0], &byte, 1) != 1)
        _exit(99);
    await_state(getppid(), "S");
    _exit(7);
}

static int go[2];

static void on_signal_go(int signal) {
    on_signal(signal);
    if (write(go[1], "g", 1) != 1)
        abort();
}

static void one(enum call call, int flags) {
    handle(SIGUSR1, on_signal_go, flags);
    handled = 0;
    pid_t child = interrupter(go);
    int status = UNTOUCHED;
    long result = wait_by(call, child, &status);
    say("%s, flags %s: %s, %s, %s, handled %d", names[call], flags ? "SA_RESTART" : "0",
        whose((pid_t)result, child), status_name(status), result < 0 ? error_name(errno) : "0",
        (int)handled);
    if (result < 0) {
        result = wait_by(call, child, &status);
        say("%s again: %s, %s", names[call], whose((pid_t)result, child), status_name(status));
    }
}

int main(void) {
    if (pipe2(go, O_CLOEXEC) != 0)
        return 1;
    for (int call = 0; call < CALLS; call++) {
        one((enum call)call, SA_RESTART);
        one((enum call)call, 0);
    }
    return 0;
}
