/* poll of a pidfd when its process is a zombie, and when it was reaped: what does it tell? */
#include <poll.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *told(int fd) {
    struct pollfd one = {.fd = fd, .events = POLLIN};
    poll(&one, 1, -1);
    return one.revents == POLLIN               ? "POLLIN"
           : one.revents == (POLLIN | POLLHUP) ? "POLLIN|POLLHUP"
                                               : "?";
}

int main(void) {
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    int fd = (int)syscall(SYS_pidfd_open, child, 0);
    if (fd < 0)
        return 77;
    const char *zombie = told(fd);
    waitpid(child, NULL, 0);
    printf("%s, reaped %s\n", zombie, told(fd));
}
