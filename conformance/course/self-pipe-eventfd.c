/*
 * self-pipe with an eventfd: a number in the kernel in the place of a buffer. Each write adds to
 * it, a read takes all of it, and 65,537 signals are 65,537 and not a full pipe. Neither end
 * blocks, as an eventfd has a limit as well, even if nobody lives to see it.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "case.h"

enum { SIGNALS = (64 << 10) + 1 }; /* one more than a pipe has bytes */

static int wake_up;

static void on_signal(int number) {
    int saved = errno;
    (void)number;
    (void)!write(wake_up, &(uint64_t){1}, sizeof(uint64_t));
    errno = saved;
}

int main(void) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    uint64_t got = 0;
    case_begin();
    wake_up = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    sigaction(SIGUSR1, &action, NULL);

    case_step("main: is busy, and %d signals come", SIGNALS);
    for (int i = 0; i < SIGNALS; i++)
        raise(SIGUSR1);
    case_step("main: back in its loop");
    (void)!read(wake_up, &got, sizeof got);
    case_step("main: woken up, the number is %d", (int)got);
    case_outcome(got > 0 ? "woken" : "missed");
}
