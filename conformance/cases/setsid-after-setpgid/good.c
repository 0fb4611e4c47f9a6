/*
 * The remedy: setsid alone. It makes a session and, in it, a group with the same number, so that
 * the group's kill works as well.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static _Noreturn void shell(const char *terminal) {
    if (setsid() < 0)
        case_step("shell: setsid: %s", strerror(errno));
    int fd = open(terminal, O_RDWR | O_NOCTTY);
    if (ioctl(fd, TIOCSCTTY, 0) != 0)
        case_step("shell: TIOCSCTTY: %s", strerror(errno));
    _exit(open("/dev/tty", O_RDWR) >= 0 ? 0 : 1);
}

int main(void) {
    int status;
    case_begin();
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
        case_cannot("a pseudo-terminal");
    pid_t child = fork();
    if (child == 0)
        shell(ptsname(master));
    waitpid(child, &status, 0);
    case_step("emulator: the shell has %s", status == 0 ? "its terminal" : "no terminal");
    case_outcome(status == 0 ? "terminal" : "no-terminal");
}
