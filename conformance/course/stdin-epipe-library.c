/*
 * stdin-epipe as a library has to do it, which must not change the program's dispositions: SIGPIPE
 * is blocked in this thread for the time of the write, and the one that the write has raised is
 * taken away before the mask is put back.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "case.h"

enum { CHUNK = 4096, INPUT = 4 << 20 }; /* a pipe holds 64 KiB */

/* As write, and EPIPE instead of the signal. */
static ssize_t write_quietly(int fd, const void *bytes, size_t length) {
    const struct timespec now = {0, 0};
    sigset_t pipe_signal, pending, mask;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &mask);
    ssize_t n = write(fd, bytes, length);
    int error = errno;
    if (n < 0 && error == EPIPE && !sigismember(&pending, SIGPIPE))
        while (sigtimedwait(&pipe_signal, NULL, &now) < 0 && errno == EINTR)
            ;
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    errno = error;
    return n;
}

int main(void) {
    static char bytes[CHUNK];
    int to[2], sent = 0;
    case_begin();
    (void)!pipe(to);
    pid_t child = fork();
    if (child == 0) {
        close(to[1]);
        (void)!read(to[0], bytes, sizeof bytes);
        _exit(0);
    }
    close(to[0]);

    case_step("parent: writes 4 MiB to a child that reads 4 KiB");
    while (sent < INPUT) {
        ssize_t n = write_quietly(to[1], bytes, sizeof bytes);
        if (n < 0) {
            case_step("parent: write: %s; the child wants no more", strerror(errno));
            break;
        }
        sent += (int)n;
    }
    close(to[1]);
    waitpid(child, NULL, 0);
    case_step("parent: the child has what it needs, on with the work");
    case_outcome("went-on");
}
