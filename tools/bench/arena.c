/*
 * One teardown, timed in a pid namespace of its own: arena SOCKET COUNT PIDS-FILE END COMMAND...
 *
 * COMMAND is a tool that runs members. COUNT: as many members announce themselves before the root
 * is told to go; with a PIDS-FILE, pids.current of the limit that a bomb runs under, "-" for none,
 * as many processes there are. END: exit, the root exits by itself; alarm, the tool is sent
 * SIGALRM, as timeout's own clock would.
 *
 * Prints: milliseconds from the root's end until the last member had gone, or -1; milliseconds
 * until the tool had returned; members that were there 300 ms after it had.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GONE_MS 300
#define DEADLINE_MS 10000

static _Noreturn void fail(const char *what) {
    fprintf(stderr, "arena: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double milliseconds(struct timespec time) {
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return milliseconds(time);
}

static int listen_at(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (strlen(path) >= sizeof address.sun_path)
        fail(path);
    memcpy(address.sun_path, path, strlen(path));
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 1) != 0)
        fail(path);
    return fd;
}

static pid_t start(char **command) {
    pid_t pid = fork();
    if (pid < 0)
        fail("fork");
    if (pid == 0) {
        setsid();
        execvp(command[0], command);
        fail(command[0]);
    }
    return pid;
}

static int count_of(const char *path) {
    char text[32];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (n < 0)
        fail(path);
    close(fd);
    text[n] = '\0';
    return atoi(text);
}

static void wait_for_members(int members, int count, const char *pids) {
    char bytes[1024];
    if (strcmp(pids, "-") != 0) {
        while (count_of(pids) < count)
            poll(NULL, 0, 1);
        return;
    }
    for (ssize_t n; count > 0; count -= (int)n)
        if ((n = read(members, bytes, sizeof bytes)) <= 0)
            fail("members");
}

/* Returns when the root's end began. */
static double end_root(int members, const char *end, pid_t tool) {
    struct timespec time;
    double began = now();
    if (strcmp(end, "alarm") == 0) {
        if (kill(tool, SIGALRM) != 0)
            fail("kill");
        return began;
    }
    if (write(members, "g", 1) != 1 || read(members, &time, sizeof time) != (ssize_t)sizeof time)
        fail("root");
    return milliseconds(time);
}

static int survivors(void) {
    int count = 0;
    DIR *dir = opendir("/proc");
    if (!dir)
        fail("/proc");
    for (struct dirent *e; (e = readdir(dir));) {
        char path[300], text[512];
        if (!isdigit((unsigned char)e->d_name[0]) || atoi(e->d_name) == getpid())
            continue;
        snprintf(path, sizeof path, "/proc/%s/stat", e->d_name);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
        if (fd >= 0)
            close(fd);
        text[n > 0 ? n : 0] = '\0';
        const char *after = strrchr(text, ')');
        count += after && after[2] != 'Z' && after[2] != 'X';
    }
    closedir(dir);
    return count;
}

/* All orphans are ours here, as they would be init's. */
static void reap(void) {
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
}

static void watch(int members, pid_t tool, double began) {
    double gone = -1, returned = -1, limit = began + DEADLINE_MS;
    int pidfd = (int)syscall(SYS_pidfd_open, tool, 0);
    if (pidfd < 0)
        fail("pidfd_open");
    while (gone < 0 || returned < 0 || survivors() > 0) {
        struct pollfd fds[] = {{.fd = gone < 0 ? members : -1, .events = POLLIN},
                               {.fd = returned < 0 ? pidfd : -1, .events = POLLIN}};
        double left = limit - now();
        if (left <= 0)
            break;
        poll(fds, 2, left < 10 ? (int)left + 1 : 10);
        if (fds[0].revents)
            gone = now();
        if (fds[1].revents) {
            returned = now();
            limit = returned + GONE_MS;
        }
        reap();
    }
    printf("%.3f %.3f %d\n", gone < 0 ? -1 : gone - began, returned < 0 ? -1 : returned - began,
           survivors());
}

static int inside(char **argv, int listener) {
    if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0)
        fail("/proc");
    pid_t tool = start(argv + 5);
    int members = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (members < 0)
        fail("accept");
    wait_for_members(members, atoi(argv[2]), argv[3]);
    watch(members, tool, end_root(members, argv[4], tool));
    return 0;
}

/* Sees what happens when it happens, however busy the members are; what it starts does not. */
static void see_at_once(void) {
    struct sched_param first = {.sched_priority = 50};
    if (sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &first) != 0)
        fprintf(stderr, "arena: without real-time scheduling: times may be too long\n");
}

int main(int argc, char **argv) {
    int status;
    if (argc < 6)
        return 2;
    int listener = listen_at(argv[1]);
    if (unshare(CLONE_NEWPID | CLONE_NEWNS) != 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        fail("a pid namespace");
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* and everything here ends with its first process */
        see_at_once();
        exit(inside(argv, listener));
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        fail("the first process");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
