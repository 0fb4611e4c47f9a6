/*
 * A terminal emulator starts its shell. Somebody has added a process group, so that the shell can
 * be killed with all its jobs. A group leader cannot make a session: setsid is EPERM, the shell
 * gets no terminal, and Ctrl-C, job control and passwords typed unseen work no more.
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
    setpgid(0, 0);
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
    setpgid(child, child);
    waitpid(child, &status, 0);
    case_step("emulator: the shell has %s", status == 0 ? "its terminal" : "no terminal");
    case_outcome(status == 0 ? "terminal" : "no-terminal");
}
