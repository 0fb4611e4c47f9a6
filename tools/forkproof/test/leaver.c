/*
 * Leaves processes behind: leaver KIND COUNT [stay].
 * daemon: double fork and setsid; ignore: as daemon, deaf to TERM, HUP and INT; stopped: as daemon,
 * stopped; tree: a binary tree of sessions. Prints "ready PID" once all are in place; with "stay"
 * it then waits to be ended, else it exits with 0.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int in_place[2];

static _Noreturn void settle(const char *kind) {
    if (strcmp(kind, "ignore") == 0) {
        signal(SIGTERM, SIG_IGN);
        signal(SIGHUP, SIG_IGN);
        signal(SIGINT, SIG_IGN);
    }
    (void)!write(in_place[1], "x", 1);
    close(in_place[0]);
    close(in_place[1]);
    if (strcmp(kind, "stopped") == 0)
        raise(SIGSTOP);
    for (;;)
        pause();
}

static void daemons(const char *kind, int count) {
    for (int i = 0; i < count; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            setsid();
            if (fork() == 0)
                settle(kind);
            _exit(0);
        }
        waitpid(pid, NULL, 0);
    }
}

/* A tree that is not whole is never in place: whoever waits for it is told. */
static void give_up(void) {
    perror("leaver: fork");
    (void)!write(in_place[1], "e", 1);
}

static void tree(int count) {
    int left = count / 2, right = count - left;
    if (count <= 0)
        return;
    for (int i = 0; i < 2; i++) {
        int share = i ? right : left;
        pid_t pid = share == 0 ? 1 : fork();
        if (pid < 0)
            give_up();
        if (pid != 0)
            continue;
        setsid();
        tree(share - 1);
        settle("tree");
    }
}

int main(int argc, char **argv) {
    int count = argc > 2 ? atoi(argv[2]) : 0;
    char seen;
    if (count <= 0 || pipe(in_place) < 0)
        return 2;
    if (strcmp(argv[1], "tree") == 0)
        tree(count);
    else
        daemons(argv[1], count);
    for (int i = 0; i < count; i++)
        if (read(in_place[0], &seen, 1) != 1 || seen == 'e')
            return 3;
    printf("ready %d\n", (int)getpid());
    fflush(stdout);
    while (argc > 3)
        pause();
    return 0;
}
