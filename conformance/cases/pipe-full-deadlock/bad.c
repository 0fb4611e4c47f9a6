/*
 * A filter gets all of its input before anybody reads its output. Both pipes fill up: the parent
 * waits in write until the filter reads, the filter waits in write until the parent reads.
 */
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

int main(void) {
    int to[2], from[2];
    char bytes[CHUNK];
    case_begin();
    (void)!pipe(to);
    (void)!pipe(from);
    pid_t child = fork();
    if (child == 0) {
        dup2(to[0], STDIN_FILENO);
        dup2(from[1], STDOUT_FILENO);
        close(to[0]), close(to[1]), close(from[0]), close(from[1]);
        filter();
    }
    close(to[0]);
    close(from[1]);

    memset(bytes, 'x', sizeof bytes);
    case_step("parent: writes 1 MiB to the filter, then will read the answer");
    for (int sent = 0; sent < INPUT; sent += CHUNK)
        (void)!write(to[1], bytes, sizeof bytes);
    close(to[1]);
    int got = 0;
    for (ssize_t n; (n = read(from[0], bytes, sizeof bytes)) > 0;)
        got += (int)n;
    waitpid(child, NULL, 0);
    case_step("parent: got %d bytes", got);
    case_outcome(got == INPUT ? "completed" : "cut-short");
}
