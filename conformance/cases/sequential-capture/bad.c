/*
 * A parent captures the output of two children that talk to each other: the first waits for a word
 * of the second. It reads the first to the end, then the second. The second has more to say than a
 * pipe holds, and waits for the parent; the parent waits for the first, and the first for the
 * second.
 */
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

static int read_to_end(int from) {
    int got = 0;
    for (ssize_t n; (n = read(from, bytes, sizeof bytes)) > 0;)
        got += (int)n;
    return got;
}

int main(void) {
    case_begin();
    (void)!pipe(talk);
    int outputs[] = {start(first), start(second)};
    close(talk[0]), close(talk[1]);

    case_step("parent: reads the first child to the end, then the second");
    int got = 0;
    for (int i = 0; i < 2; i++)
        got += read_to_end(outputs[i]);
    while (wait(NULL) > 0)
        ;
    case_step("parent: got %d bytes", got);
    case_outcome(got == OUTPUT + CHUNK ? "completed" : "cut-short");
}
