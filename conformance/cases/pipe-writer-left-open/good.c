/*
 * The remedy: each process closes the end that it does not use, right after the fork. When the
 * child has ended nobody can write any more, and read answers 0.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

int main(void) {
    int ends[2], got = 0;
    char text[64];
    case_begin();
    (void)!pipe(ends);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        (void)!write(ends[1], "all there is\n", 13);
        _exit(0);
    }
    close(ends[1]);

    case_step("parent: reads until the end");
    for (ssize_t n; (n = read(ends[0], text, sizeof text)) > 0;) {
        got += (int)n;
        case_step("parent: got %d bytes", got);
    }
    waitpid(child, NULL, 0);
    case_step("parent: that was all");
    case_outcome(got == 13 ? "completed" : "cut-short");
}
