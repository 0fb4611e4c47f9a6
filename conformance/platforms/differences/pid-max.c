/* A plain user's pid namespace: can its owner bound its pids? */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    if ((geteuid() == 0 && setuid(65534) < 0) || unshare(CLONE_NEWUSER | CLONE_NEWPID) < 0)
        return 77;
    if (fork() == 0) {
        int fd = open("/proc/sys/kernel/pid_max", O_WRONLY);
        if (fd < 0 && errno == EROFS)
            return 77;
        puts(fd >= 0 && write(fd, "400", 3) == 3 ? "yes" : strerror(errno));
        return 0;
    }
    int status;
    wait(&status);
    return WEXITSTATUS(status);
}
