/*
 * The remedy: the child makes its group before the exec, and the parent as well. When the parent
 * comes too late it gets the same EACCES, and by then the child has done it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static _Noreturn void serve(void) {
    case_step("server: in group %d, at work for ever", getpgrp());
    for (;;)
        pause();
}

int main(int argc, char **argv) {
    int exec_done[2];
    char byte;
    case_begin();
    if (argc > 1)
        serve();
    (void)!pipe2(exec_done, O_CLOEXEC);
    pid_t server = fork();
    if (server == 0) {
        setpgid(0, 0);
        execl("/proc/self/exe", argv[0], "serve", NULL);
        _exit(127);
    }
    close(exec_done[1]);
    (void)!read(exec_done[0], &byte,
                1); /* its end of file is the exec, which closes the other end */

    if (setpgid(server, server) != 0 && errno != EACCES)
        case_step("parent: setpgid(%d): %s: it has no group", server, strerror(errno));
    case_step("parent: the server is to end: kill(-%d)", server);
    if (kill(-server, SIGKILL) == 0)
        waitpid(server, NULL, 0);
    else
        case_step("parent: %s: it is over already, it thinks", strerror(errno));
}
