/*
 * Sends one signal in every way there is: killer WAY PID NUMBER. Prints the result's errno, 0 when
 * it was sent. group: PID is a group; own: the caller's; all: everybody.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static siginfo_t queued(int number) {
    siginfo_t info = {0};
    info.si_signo = number;
    info.si_code = SI_QUEUE;
    info.si_pid = getpid();
    info.si_uid = getuid();
    return info;
}

static long by_pidfd(pid_t pid, int number) {
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    return fd < 0 ? -1 : syscall(SYS_pidfd_send_signal, fd, number, NULL, 0);
}

static long by_directory(pid_t pid, int number) {
    char path[32];
    snprintf(path, sizeof path, "/proc/%d", (int)pid);
    int fd = open(path, O_RDONLY | O_DIRECTORY);
    return fd < 0 ? -1 : syscall(SYS_pidfd_send_signal, fd, number, NULL, 0);
}

static long send(const char *way, pid_t pid, int number) {
    siginfo_t info = queued(number);
    if (strcmp(way, "kill") == 0)
        return kill(pid, number);
    if (strcmp(way, "raw") == 0)
        return syscall(SYS_kill, pid, number);
    if (strcmp(way, "tgkill") == 0)
        return syscall(SYS_tgkill, pid, pid, number);
    if (strcmp(way, "tkill") == 0)
        return syscall(SYS_tkill, pid, number);
    if (strcmp(way, "sigqueue") == 0)
        return sigqueue(pid, number, (union sigval){0});
    if (strcmp(way, "tgsigqueue") == 0)
        return syscall(SYS_rt_tgsigqueueinfo, pid, pid, number, &info);
    if (strcmp(way, "pidfd") == 0)
        return by_pidfd(pid, number);
    if (strcmp(way, "directory") == 0)
        return by_directory(pid, number);
    if (strcmp(way, "group") == 0)
        return killpg(pid, number);
    if (strcmp(way, "own") == 0)
        return kill(0, number);
    return strcmp(way, "all") == 0 ? kill(-1, number) : -1;
}

int main(int argc, char **argv) {
    if (argc != 4)
        return 2;
    errno = 0;
    printf("%d\n", send(argv[1], atoi(argv[2]), atoi(argv[3])) < 0 ? errno : 0);
    return 0;
}
