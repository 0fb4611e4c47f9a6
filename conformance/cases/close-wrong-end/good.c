/*
 * The remedy: who reads keeps 0 and closes 1. Names instead of indices make it hard to get wrong
 * (enum { READING, WRITING }), and a read that fails is told from one that has come to the end.
 */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static const char answer[] = "the answer\n";

int main(void) {
    int ends[2], status;
    char text[64];
    ssize_t n, got = 0;
    case_begin();
    struct case_gate *closed = case_gate_new();
    (void)!pipe(ends);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        case_gate_pass(closed);
        (void)!write(ends[1], answer, strlen(answer));
        _exit(0);
    }
    close(ends[1]);
    case_gate_open(closed);

    while ((n = read(ends[0], text, sizeof text)) > 0)
        got += n;
    case_step("parent: got %d bytes, then %s", (int)got, n < 0 ? strerror(errno) : "the end");
    waitpid(child, &status, 0);
    case_step("parent: the child: %s",
              WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "exited");
    case_outcome(got == (ssize_t)strlen(answer) ? "answered" : "answer-lost");
}
