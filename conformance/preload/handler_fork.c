/*
 * Tested: a handler that interrupts a blocked wait forks, and the child goes on where its parent
 * was blocked. Its own waits, kills and its zombie bound are those of a fresh process.
 */
#include "canon.h"

static volatile pid_t forked = -1;

static void on_signal(int signal) {
    (void)signal;
    forked = fork();
}

static void in_child(void) {
    errno = 0;
    pid_t none = wait(NULL);
    say("child: wait %d, %s", (int)none, error_name(errno));
    int status = UNTOUCHED;
    pid_t child = child_exiting(3);
    SAY_WAIT("child: own child", waitpid(child, &status, 0), child, status);
    for (int i = 0; i < 300; i++)
        child_exiting(0);
    fprintf(stderr, "zombies %d\n", count_zombies());
    int reaped = 0;
    while (wait(NULL) > 0)
        reaped++;
    say("child: late waits %d", reaped);
    _exit(0);
}

int main(void) {
    pid_t parent = getpid();
    handle(SIGUSR1, on_signal, SA_RESTART);
    pid_t waker = fork();
    if (waker == 0) {
        await_state(parent, "S");
        kill(parent, SIGUSR1);
        for (;;)
            pause();
    }
    int status = UNTOUCHED;
    pid_t result = wait(&status);
    if (getpid() != parent)
        in_child();
    say_wait("parent", result, forked, status, errno);
    kill(waker, SIGKILL);
    SAY_WAIT("parent: waker", wait(&status), waker, status);
    return 0;
}
