/*
 * The yardstick: scythe CGROUP-DIRECTORY COMMAND... runs the command in a cgroup of its own, and
 * once it has ended writes to cgroup.kill and waits until the cgroup is empty. Nothing else.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(const char *what) {
    perror(what);
    exit(125);
}

static int open_in(const char *directory, const char *name, int flags) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0)
        fail(path);
    return fd;
}

static void wait_until_empty(int events) {
    char text[256];
    for (;;) {
        ssize_t n = pread(events, text, sizeof text - 1, 0);
        if (n < 0)
            fail("cgroup.events");
        text[n] = '\0';
        if (strstr(text, "populated 0"))
            return;
        poll(&(struct pollfd){.fd = events, .events = POLLPRI}, 1, -1);
    }
}

int main(int argc, char **argv) {
    if (argc < 3)
        return 2;
    if (mkdir(argv[1], 0755) != 0)
        fail(argv[1]);
    int procs = open_in(argv[1], "cgroup.procs", O_WRONLY);
    int events = open_in(argv[1], "cgroup.events", O_RDONLY);
    int all = open_in(argv[1], "cgroup.kill", O_WRONLY);
    pid_t pid = fork();
    if (pid == 0) {
        if (write(procs, "0", 1) == 1)
            execvp(argv[2], argv + 2);
        fail(argv[2]);
    }
    if (pid < 0 || waitpid(pid, NULL, 0) != pid || write(all, "1", 1) != 1)
        fail("scythe");
    wait_until_empty(events);
    return rmdir(argv[1]) == 0 ? 0 : 1;
}
