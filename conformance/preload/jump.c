/*
 * Tested: siglongjmp out of a handler that interrupted a blocked wait, or a kill: nothing is left
 * held. Later children are reaped for good, and their number stays bounded.
 */
#include <setjmp.h>
#include <sys/time.h>

#include "canon.h"

static sigjmp_buf out;

static void on_signal(int signal) {
    (void)signal;
    siglongjmp(out, 1);
}

/* Signals its blocked parent, and lives on. */
static pid_t child_waker(void) {
    pid_t child = fork();
    if (child == 0) {
        await_state(getppid(), "S");
        kill(getppid(), SIGUSR1);
        for (;;)
            pause();
    }
    return child;
}

static void out_of_wait(const char *what, pid_t (*wait_for)(pid_t), int flags) {
    handle(SIGUSR1, on_signal, flags);
    pid_t child = child_waker();
    if (sigsetjmp(out, 1) == 0) {
        wait_for(child);
        say("%s: came back", what);
    } else {
        say("%s: jumped", what);
    }
    int status = UNTOUCHED;
    kill(child, SIGKILL);
    pid_t result = waitpid(child, &status, 0);
    say_wait("  child", result, child, status, errno);
    say("  zombies left: %d", count_zombies());
}

static pid_t wait_any(pid_t child) {
    (void)child;
    return wait(NULL);
}

static pid_t wait_pid(pid_t child) {
    return waitpid(child, NULL, 0);
}

static pid_t wait_id(pid_t child) {
    siginfo_t info;
    (void)child;
    return waitid(P_ALL, 0, &info, WEXITED | WSTOPPED);
}

#define ROUNDS 100

static void out_of_kill(void) {
    static volatile int right, stayed;
    const struct itimerval storm = {{0, 0}, {0, 50}};
    handle(SIGALRM, on_signal, 0);
    for (volatile int i = 0; i < ROUNDS; i++) {
        volatile pid_t child = child_pausing();
        if (sigsetjmp(out, 1) == 0) {
            setitimer(ITIMER_REAL, &storm, NULL);
            for (;;)
                kill(child, 0);
        }
        int status = UNTOUCHED;
        kill(child, SIGKILL);
        right += waitpid(child, &status, 0) == child && status == SIGKILL;
        stayed += state_of(child) != 0;
    }
    // A jump between the count of the kill and the note of it leaves a zombie: once in a few
    // hundred.
    say("jumped out of kill: %d of %d statuses right, %s zombies left", (int)right, ROUNDS,
        stayed <= ROUNDS / 10 ? "hardly any" : "many");
}

/* After the jumps: is the number of zombies still bounded? Only said, the driver judges. */
static void bound(void) {
    for (int i = 0; i < 300; i++)
        child_exiting(0);
    int zombies = count_zombies();
    int reaped = 0;
    while (wait(NULL) > 0)
        reaped++;
    say("late waits: %d", reaped);
    fprintf(stderr, "zombies %d\n", zombies);
}

int main(void) {
    out_of_wait("wait", wait_any, 0);
    out_of_wait("wait, restarting", wait_any, SA_RESTART);
    out_of_wait("waitpid", wait_pid, 0);
    out_of_wait("waitid", wait_id, 0);
    static char stack[1 << 16];
    const stack_t other = {.ss_sp = stack, .ss_size = sizeof stack};
    sigaltstack(&other, NULL);
    out_of_wait("wait, from another stack", wait_any, SA_ONSTACK);
    out_of_kill();
    bound();
    return 0;
}
