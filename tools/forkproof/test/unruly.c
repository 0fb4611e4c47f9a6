/*
 * Members that make their own end difficult: unruly KIND COUNT. Prints "ready PID" when all are in
 * place and exits with 0.
 *
 * zombies: an orphan that never waits for its COUNT dead children; chain: each below the one
 * before; wide: all below the root; heirs: each, asked to end, starts another that is deaf, and
 * exits; threads: started by a thread that is not the first, of a first thread that has left;
 * hoppers: double-fork into session after session for ever; bomb: all fork for ever, COUNT is
 * ignored, and what bounds it is the limit that it is run under; killed: each already is, but has
 * yet to get a processor, of which it takes what others leave.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int in_place[2];

static void arrive(void) {
    (void)!write(in_place[1], "x", 1);
}

static _Noreturn void stay(void) {
    arrive();
    for (;;)
        pause();
}

static void zombies(int count) {
    if (fork() != 0)
        return;
    for (int i = 1; i < count; i++) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(0);
        waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED | WNOWAIT);
        arrive();
    }
    stay();
}

static void chain(int count) {
    if (count == 0 || fork() != 0)
        return;
    chain(count - 1);
    stay();
}

static void wide(int count) {
    for (int i = 0; i < count; i++)
        if (fork() == 0)
            stay();
}

static void leave_an_heir(int sig) {
    if (fork() == 0) {
        setsid();
        signal(sig, SIG_IGN);
        for (;;)
            pause();
    }
    _exit(0);
}

static void heirs(int count) {
    for (int i = 0; i < count; i++)
        if (fork() == 0) {
            signal(SIGTERM, leave_an_heir);
            stay();
        }
}

static void *start_from_thread(void *data) {
    const int *count = data;
    wide(*count - 1);
    stay();
}

static void threads(int count) {
    pthread_t thread;
    if (fork() != 0)
        return;
    pthread_create(&thread, NULL, start_from_thread, &count);
    pthread_exit(NULL);
}

static _Noreturn void hop(void) {
    arrive();
    for (;;) {
        setsid();
        if (fork() != 0)
            _exit(0);
    }
}

static void hoppers(int count) {
    for (int i = 0; i < count; i++)
        if (fork() == 0)
            hop();
}

/* In place once its limit is reached. */
static void bomb(int count) {
    (void)count;
    if (fork() != 0)
        return;
    for (;;) {
        pid_t pid = fork();
        if (pid == 0)
            setsid();
        else if (pid < 0)
            arrive();
        if (pid < 0 && wait(NULL) < 0)
            usleep(50000);
    }
}

static void killed(int count) {
    for (int i = 0; i < count; i++) {
        pid_t pid = fork();
        while (pid == 0)
            ;
        sched_setscheduler(pid, SCHED_IDLE, &(struct sched_param){0});
        kill(pid, SIGKILL);
        arrive();
    }
}

static const struct {
    const char *name;
    void (*start)(int count);
} kinds[] = {{"zombies", zombies}, {"chain", chain},     {"wide", wide}, {"heirs", heirs},
             {"threads", threads}, {"hoppers", hoppers}, {"bomb", bomb}, {"killed", killed}};

int main(int argc, char **argv) {
    int count = argc > 2 ? atoi(argv[2]) : 0;
    char seen;
    if (count <= 0 || pipe(in_place) < 0)
        return 2;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(argv[1], kinds[i].name) == 0)
            kinds[i].start(count);
    for (int i = 0; i < count; i++)
        if (read(in_place[0], &seen, 1) != 1)
            return 3;
    printf("ready %d\n", (int)getpid());
    fflush(stdout);
    return 0;
}
