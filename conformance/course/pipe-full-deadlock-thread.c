/*
 * pipe-full-deadlock with two threads: one writes and may wait for the filter, the other one reads
 * and may wait for the filter. Nobody waits for a pipe while it is the only one who could empty
 * another.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

enum { CHUNK = 4096, INPUT = 1 << 20 }; /* a pipe holds 64 KiB */

static _Noreturn void filter(void) {
    char bytes[CHUNK];
    for (ssize_t n; (n = read(STDIN_FILENO, bytes, sizeof bytes)) > 0;)
        (void)!write(STDOUT_FILENO, bytes, (size_t)n);
    _exit(0);
}

/* Closes the filter's input when all is sent: that is its end. */
static void *feed(void *filters_input) {
    int to = *(int *)filters_input;
    char bytes[CHUNK];
    memset(bytes, 'x', sizeof bytes);
    for (int sent = 0; sent < INPUT;) {
        ssize_t n = write(to, bytes, sizeof bytes);
        if (n < 0 && errno != EINTR)
            break;
        sent += n > 0 ? (int)n : 0;
    }
    close(to);
    return NULL;
}

int main(void) {
    int to[2], from[2], got = 0;
    char bytes[CHUNK];
    pthread_t feeder;
    case_begin();
    (void)!pipe2(to, O_CLOEXEC);
    (void)!pipe2(from, O_CLOEXEC);
    pid_t child = fork(); /* before there is a second thread */
    if (child == 0) {
        dup2(to[0], STDIN_FILENO);
        dup2(from[1], STDOUT_FILENO);
        close(to[0]), close(to[1]), close(from[0]), close(from[1]);
        filter();
    }
    close(to[0]);
    close(from[1]);

    case_step("parent: a thread writes 1 MiB to the filter, this one reads the answer");
    pthread_create(&feeder, NULL, feed, &to[1]);
    for (ssize_t n; (n = read(from[0], bytes, sizeof bytes)) > 0;)
        got += (int)n;
    pthread_join(feeder, NULL);
    waitpid(child, NULL, 0);
    case_step("parent: got %d bytes", got);
    case_outcome(got == INPUT ? "completed" : "cut-short");
}
