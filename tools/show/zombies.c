/*
 * A server that forks a child for each request, reads the child's answer and never waits for it:
 * every child stays in the process table as a zombie. Prints "ready" after 300 requests and lives
 * until its standard input ends, so that the zombies can be counted from outside.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { REQUESTS = 300 };

static void serve(void) {
    int answer[2];
    if (pipe(answer) != 0) {
        perror("pipe");
        exit(1);
    }
    pid_t pid = fork();
    if (pid < 0) {
        perror("fork");
        exit(1);
    }
    if (pid == 0)
        _exit(write(answer[1], "x", 1) == 1 ? 0 : 1);
    close(answer[1]);
    /* The second read returns when the child has exited and closed its end. */
    char byte;
    while (read(answer[0], &byte, 1) > 0)
        ;
    close(answer[0]);
}

int main(void) {
    for (int i = 0; i < REQUESTS; i++)
        serve();
    puts("ready");
    fflush(stdout);
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
    return 0;
}
