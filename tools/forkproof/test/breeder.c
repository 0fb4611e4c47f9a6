/*
 * A daemon that forks without end, two generations deep, and waits for each child: breeder FD.
 * Prints "ready PID" when it has begun; writes "k" to FD for each child that a signal has ended.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void live_for_a_while(void) {
    nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
}

static int was_killed(pid_t pid) {
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) || WEXITSTATUS(status) != 0;
}

static _Noreturn void breed(int report) {
    for (;;) {
        pid_t child = fork();
        if (child == 0) {
            pid_t grandchild = fork();
            live_for_a_while();
            _exit(grandchild ? was_killed(grandchild) : 0);
        }
        if (child > 0 && was_killed(child))
            (void)!write(report, "k", 1);
    }
}

int main(int argc, char **argv) {
    if (argc != 2 || fork() != 0)
        return argc != 2;
    setsid();
    printf("ready %d\n", (int)getpid());
    fflush(stdout);
    breed(atoi(argv[1]));
}
