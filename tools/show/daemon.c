/*
 * Becomes a daemon as old books teach it: forks, leaves its session, forks again, closes every
 * descriptor and forgets its environment. No terminal, process group or pipe leads to it any more.
 * The command returns only when the daemon is out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void live_for_ever(void) {
    clearenv();
    long last = sysconf(_SC_OPEN_MAX);
    for (int fd = 0; fd < (last < 1024 ? (int)last : 1024); fd++)
        close(fd);
    for (;;)
        pause();
}

int main(void) {
    int out[2];
    if (pipe(out) != 0)
        return 1;
    pid_t child = fork();
    if (child < 0)
        return 1;
    if (child == 0) {
        setsid();
        pid_t grandchild = fork();
        if (grandchild == 0)
            live_for_ever();
        _exit(grandchild < 0);
    }
    close(out[1]);
    int status;
    if (waitpid(child, &status, 0) != child || status != 0)
        return 1;
    char byte;
    return read(out[0], &byte, 1) == 0 ? 0 : 1; /* the daemon has closed everything */
}
