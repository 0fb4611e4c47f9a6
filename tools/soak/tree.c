/*
 * A program that leaves as much behind as it can: what containment has to end.
 *
 *   tree [stubborn]
 *
 * Prints "ready N" when N processes are there: plain children, one in a session of its own, a
 * daemon, an orphan in a group of its own, one that runs another program, one that forks all the
 * time; and, when it is stubborn, daemons that SIGTERM does not end. Exits when standard input
 * ends.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int ready[2];
static int count;

static void say_ready(void) {
    if (write(ready[1], "x", 1) != 1)
        _exit(1);
    close(ready[0]);
    close(ready[1]);
}

static _Noreturn void linger(void) {
    say_ready();
    for (;;)
        pause();
}

static _Noreturn void plain(void) {
    linger();
}

static _Noreturn void in_session(void) {
    setsid();
    linger();
}

static _Noreturn void orphan(void) {
    setpgid(0, 0);
    if (fork() == 0)
        linger();
    _exit(0);
}

static _Noreturn void daemonise(bool stubborn) {
    setsid();
    if (fork() != 0)
        _exit(0);
    if (stubborn)
        signal(SIGTERM, SIG_IGN);
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    linger();
}

static _Noreturn void meek(void) {
    daemonise(false);
}

static _Noreturn void stubborn(void) {
    daemonise(true);
}

static _Noreturn void program(void) {
    say_ready();
    execlp("sleep", "sleep", "1000", (char *)NULL);
    _exit(127);
}

static _Noreturn void forker(void) {
    setpgid(0, 0);
    say_ready();
    for (;;) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(0);
        if (pid > 0)
            waitpid(pid, NULL, 0);
    }
}

static void add(void (*be)(void)) {
    pid_t pid = fork();
    if (pid == 0) {
        be();
        _exit(1);
    }
    if (pid < 0) {
        perror("tree: fork");
        exit(1);
    }
    count++;
}

int main(int argc, char **argv) {
    char byte;
    if (pipe2(ready, O_CLOEXEC) != 0)
        return 1;
    add(plain);
    add(plain);
    add(in_session);
    add(orphan);
    add(meek);
    add(program);
    add(forker);
    if (argc == 2 && strcmp(argv[1], "stubborn") == 0) {
        add(stubborn);
        add(stubborn);
    }
    close(ready[1]);
    for (int i = 0; i < count; i++)
        if (read(ready[0], &byte, 1) != 1)
            return 1;
    printf("ready %d\n", count);
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
    return 0;
}
