#include "launch.h"

#include <errno.h>
#include <unistd.h>

static void wait_for_go(int barrier) {
    char go;
    ssize_t n;
    do
        n = read(barrier, &go, 1);
    while (n < 0 && errno == EINTR);
    if (n != 1)
        _exit(125);
}

_Noreturn void fp_launch(const struct fp_run *run, int barrier, int result) {
    wait_for_go(barrier);
    for (int fd = 0; fd <= 2; fd++)
        if (run->closed_standard & 1u << fd)
            close(fd);
    sigaction(SIGCHLD, &run->inherited_sigchld, NULL);
    sigprocmask(SIG_SETMASK, &run->inherited_mask, NULL);
    execvpe(run->cli.program[0], run->cli.program, run->environment);
    int error = errno;
    (void)!write(result, &error, sizeof error);
    _exit(127);
}
