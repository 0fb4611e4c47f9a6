/*
 * The self-pipe: the handler writes a byte, and the main loop reads it when it gets there. But the
 * pipe blocks. Signals come faster than the loop gets round, the pipe fills up, and the handler
 * waits in write for a reader, which is the very code that it has interrupted.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "case.h"

static int self_pipe[2];

static void on_signal(int number) {
    int saved = errno;
    char byte = (char)number;
    (void)!write(self_pipe[1], &byte, 1);
    errno = saved;
}

int main(void) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    char bytes[4096];
    int got = 0;
    case_begin();
    (void)!pipe2(self_pipe, O_CLOEXEC);
    sigaction(SIGUSR1, &action, NULL);

    int signals = fcntl(self_pipe[1], F_GETPIPE_SZ) + 1;
    case_step("main: is busy, and %d signals come", signals);
    for (int i = 0; i < signals; i++)
        raise(SIGUSR1);
    case_step("main: back in its loop");
    for (ssize_t n; (n = read(self_pipe[0], bytes, sizeof bytes)) > 0;)
        got += (int)n;
    case_step("main: woken up, by %d bytes", got);
    case_outcome(got > 0 ? "woken" : "missed");
}
