/*
 * Prints "ready PID", then the number of each signal it receives, a line each. SIGUSR2 ends it.
 * With "own-group" it leads a process group of its own.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t over;

static void log_signal(int sig) {
    char line[8];
    int n = 0;
    if (sig >= 10)
        line[n++] = (char)('0' + sig / 10);
    line[n++] = (char)('0' + sig % 10);
    line[n++] = '\n';
    (void)!write(1, line, (size_t)n);
    if (sig == SIGUSR2)
        over = 1;
}

int main(int argc, char **argv) {
    static const int logged[] = {SIGTERM, SIGHUP,  SIGINT,  SIGUSR1, SIGUSR2,
                                 SIGQUIT, SIGCONT, SIGALRM, SIGWINCH};
    struct sigaction action = {.sa_handler = log_signal};
    sigset_t none;
    sigfillset(&action.sa_mask);
    sigemptyset(&none);
    if (argc > 1 && strcmp(argv[1], "own-group") == 0)
        setpgid(0, 0);
    for (size_t i = 0; i < sizeof logged / sizeof logged[0]; i++)
        sigaction(logged[i], &action, NULL);
    printf("ready %d\n", (int)getpid());
    fflush(stdout);
    while (!over)
        sigsuspend(&none);
    return 0;
}
