/* clone with CLONE_PIDFD: does it give a pidfd? */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

static int child(void *unused) {
    (void)unused;
    return 0;
}

int main(void) {
    static char stack[65536] __attribute__((aligned(16)));
    int pidfd = -1;
    if (clone(child, stack + sizeof stack, CLONE_PIDFD | SIGCHLD, NULL, &pidfd) < 0)
        puts(strerror(errno));
    else
        puts(pidfd < 0 ? "no" : "yes");
    wait(NULL);
}
