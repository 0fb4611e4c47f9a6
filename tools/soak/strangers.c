/*
 * Strangers: processes that have nothing to do with the load, born and ended all the time, so that
 * a pid that the load has given back is theirs the next moment.
 *
 *   strangers COUNT
 *
 * Prints the pid of one that stays, at once "hit SIGNAL PID" for each one that receives a signal,
 * and, when standard input ends, "lived N". A stranger takes no signal but its maker's: it blocks
 * all of them from its birth on, and ends by the first one.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 200, PACE_MS = 2, AT_ONCE = 4 };

static pid_t pids[MOST];
static long lived;

static _Noreturn void be_stranger(pid_t maker, const sigset_t *all) {
    siginfo_t info;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int number = sigwaitinfo(all, &info);
    _exit(number == SIGTERM && info.si_pid == maker ? 0 : number);
}

/* No pid is free: the load has to give one back. */
static void start(int i, const sigset_t *all) {
    pid_t maker = getpid();
    pids[i] = fork();
    if (pids[i] == 0)
        be_stranger(maker, all);
    lived += pids[i] > 0;
}

static void finish(int i) {
    int status;
    if (pids[i] <= 0)
        return;
    kill(pids[i], SIGTERM);
    if (waitpid(pids[i], &status, 0) != pids[i])
        exit(1);
    int number = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
    if (number != 0)
        printf("hit %d %d\n", number, (int)pids[i]);
}

int main(int argc, char **argv) {
    struct pollfd over = {.fd = STDIN_FILENO, .events = POLLIN};
    int count = argc == 2 ? atoi(argv[1]) : 0;
    sigset_t all;
    if (count < 2 || count > MOST)
        return 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    start(0, &all);
    if (pids[0] < 0)
        return 1;
    printf("%d\n", (int)pids[0]);
    for (int i = 1; poll(&over, 1, i % AT_ONCE ? 0 : PACE_MS) == 0; i = i % (count - 1) + 1) {
        finish(i);
        start(i, &all);
    }
    for (int i = 0; i < count; i++)
        finish(i);
    printf("lived %ld\n", lived);
    return 0;
}
