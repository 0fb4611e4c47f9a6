/*
 * The remedy: write when the filter can take it, read when it has something, whichever comes first.
 * poll tells; the writing end does not block.
 */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

enum { CHUNK = 4096, INPUT = 1 << 20 };

static _Noreturn void filter(void) {
    char bytes[CHUNK];
    for (ssize_t n; (n = read(STDIN_FILENO, bytes, sizeof bytes)) > 0;)
        (void)!write(STDOUT_FILENO, bytes, (size_t)n);
    _exit(0);
}

int main(void) {
    int to[2], from[2];
    char bytes[CHUNK];
    case_begin();
    (void)!pipe2(to, O_CLOEXEC);
    (void)!pipe2(from, O_CLOEXEC);
    pid_t child = fork();
    if (child == 0) {
        dup2(to[0], STDIN_FILENO);
        dup2(from[1], STDOUT_FILENO);
        close(to[0]), close(to[1]), close(from[0]), close(from[1]);
        filter();
    }
    close(to[0]);
    close(from[1]);
    fcntl(to[1], F_SETFL, O_NONBLOCK);

    memset(bytes, 'x', sizeof bytes);
    case_step("parent: writes 1 MiB to the filter and reads the answer meanwhile");
    int sent = 0, got = 0;
    for (ssize_t n = 1; n > 0;) {
        struct pollfd ends[] = {{.fd = from[0], .events = POLLIN},
                                {.fd = sent < INPUT ? to[1] : -1, .events = POLLOUT}};
        poll(ends, 2, -1);
        if (ends[1].revents && (n = write(to[1], bytes, sizeof bytes)) > 0 &&
            (sent += (int)n) == INPUT)
            close(to[1]);
        if (ends[0].revents && (n = read(from[0], bytes, sizeof bytes)) > 0)
            got += (int)n;
    }
    waitpid(child, NULL, 0);
    case_step("parent: got %d bytes", got);
    case_outcome(got == INPUT ? "completed" : "cut-short");
}
