/*
 * The remedy: the parent reads from all of its children at once, whoever has something; poll tells.
 * A thread for each output does the same.
 */
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

enum { CHUNK = 4096, OUTPUT = 4 << 20 }; /* a pipe holds 64 KiB */

static char bytes[CHUNK];
static int talk[2]; /* from the second to the first */

static void first(void) {
    close(talk[1]);
    (void)!read(talk[0], bytes, 1);
    (void)!write(STDOUT_FILENO, bytes, sizeof bytes);
}

static void second(void) {
    close(talk[0]);
    for (int said = 0; said < OUTPUT; said += CHUNK)
        (void)!write(STDOUT_FILENO, bytes, sizeof bytes);
    (void)!write(talk[1], "!", 1);
}

/* The reading end of a child's output. */
static int start(void child(void)) {
    int out[2];
    (void)!pipe(out);
    if (fork() == 0) {
        dup2(out[1], STDOUT_FILENO);
        close(out[0]), close(out[1]);
        child();
        _exit(0);
    }
    close(out[1]);
    return out[0];
}

static int read_to_end(const int from[2]) {
    struct pollfd ends[] = {{.fd = from[0], .events = POLLIN}, {.fd = from[1], .events = POLLIN}};
    int got = 0;
    for (int open = 2; open > 0;) {
        poll(ends, 2, -1);
        for (int i = 0; i < 2; i++) {
            ssize_t n = ends[i].revents ? read(ends[i].fd, bytes, sizeof bytes) : -1;
            if (n > 0)
                got += (int)n;
            if (n == 0) {
                ends[i].fd = -1; /* poll passes it over */
                open--;
            }
        }
    }
    return got;
}

int main(void) {
    case_begin();
    (void)!pipe(talk);
    int outputs[] = {start(first), start(second)};
    close(talk[0]), close(talk[1]);

    case_step("parent: reads from whoever has something");
    int got = read_to_end(outputs);
    while (wait(NULL) > 0)
        ;
    case_step("parent: got %d bytes", got);
    case_outcome(got == OUTPUT + CHUNK ? "completed" : "cut-short");
}
