/*
 * Tested: every field that waitid writes, WNOWAIT as often as one likes, P_PIDFD (blocking and
 * not), P_PGID, and what waits tell of resource usage.
 */
#include <sys/resource.h>
#include <sys/syscall.h>

#include "canon.h"

#define TYPE_PIDFD 3
#define NONBLOCKING_PIDFD O_NONBLOCK

static void one(const char *what, pid_t child, idtype_t type, id_t id, int options) {
    siginfo_t info;
    memset(&info, 0x55, sizeof info);
    errno = 0;
    int result = waitid(type, id, &info, options);
    int error = errno;
    const unsigned char *bytes = (const unsigned char *)&info;
    bool rest = true;
    for (size_t i = sizeof info - 64; i < sizeof info; i++)
        rest = rest && bytes[i] == 0x55;
    say("%s: %d %s; signo %#x errno %#x code %#x pid %s uid %s status %#x, the rest %s", what,
        result, error_name(error), (unsigned)info.si_signo, (unsigned)info.si_errno,
        (unsigned)info.si_code, whose(info.si_pid, child),
        info.si_uid == getuid() ? "own" : "another", (unsigned)info.si_status,
        rest ? "untouched" : "written");
}

static void seen_often(void) {
    pid_t child = child_zombie(42);
    for (int i = 0; i < 3; i++) {
        one("WNOWAIT by pid", child, P_PID, (id_t)child, WEXITED | WNOWAIT);
        one("WNOWAIT any", child, P_ALL, 0, WEXITED | WNOWAIT | WNOHANG);
    }
    say("signal 0 to the zombie: %d", kill(child, 0));
    one("taken", child, P_PID, (id_t)child, WEXITED);
    one("gone", child, P_PID, (id_t)child, WEXITED | WNOHANG);
}

static void by_pidfd(void) {
    pid_t child = child_pausing();
    int fd = (int)syscall(SYS_pidfd_open, child, 0);
    int eager = (int)syscall(SYS_pidfd_open, child, NONBLOCKING_PIDFD);
    one("pidfd, running", child, TYPE_PIDFD, (id_t)fd, WEXITED | WNOHANG);
    one("nonblocking pidfd, running", child, TYPE_PIDFD, (id_t)eager, WEXITED);
    kill(child, SIGKILL);
    one("pidfd, seen", child, TYPE_PIDFD, (id_t)fd, WEXITED | WNOWAIT);
    one("nonblocking pidfd, seen", child, TYPE_PIDFD, (id_t)eager, WEXITED | WNOWAIT);
    one("pidfd, taken", child, TYPE_PIDFD, (id_t)fd, WEXITED);
    one("pidfd, gone", child, TYPE_PIDFD, (id_t)fd, WEXITED);
    close(fd);
    close(eager);
    one("closed pidfd", child, TYPE_PIDFD, (id_t)fd, WEXITED);
}

static void by_group(void) {
    pid_t leader = child_pausing();
    setpgid(leader, leader);
    pid_t member = child_pausing();
    setpgid(member, leader);
    pid_t outside = child_pausing();
    kill(outside, SIGKILL);
    await_state(outside, "Z");
    one("group, none dead", leader, P_PGID, (id_t)leader, WEXITED | WNOHANG);
    kill(member, SIGTERM);
    one("group, member", member, P_PGID, (id_t)leader, WEXITED);
    SAY_WAIT("group by waitpid", waitpid(-leader, NULL, WNOHANG), leader, UNTOUCHED);
    kill(leader, SIGTERM);
    one("group, leader", leader, P_PGID, (id_t)leader, WEXITED);
    one("group, empty", leader, P_PGID, (id_t)leader, WEXITED);
    one("own group", outside, P_PGID, 0, WEXITED);
}

static void usage(void) {
    struct rusage used;
    pid_t child = fork();
    if (child == 0) {
        do { /* the kernel samples: a loop of any length may be told as none */
            for (volatile long i = 0; i < 1000000; i = i + 1)
                ;
            getrusage(RUSAGE_SELF, &used);
        } while (used.ru_utime.tv_sec == 0 && used.ru_utime.tv_usec < 5000);
        _exit(1);
    }
    memset(&used, 0x55, sizeof used);
    int status = UNTOUCHED;
    pid_t result = wait4(child, &status, 0, &used);
    say_wait("wait4", result, child, status, errno);
    say("time %s, memory %s, faults %s",
        used.ru_utime.tv_sec * 1000000 + used.ru_utime.tv_usec > 1000 && used.ru_utime.tv_sec < 100
            ? "some"
            : "none",
        used.ru_maxrss > 100 && used.ru_maxrss < 1 << 20 ? "some" : "none",
        used.ru_minflt > 0 && used.ru_minflt < 1 << 20 ? "some" : "none");
    memset(&used, 0x55, sizeof used);
    child = child_pausing();
    result = wait3(NULL, WNOHANG, &used);
    say("nothing ready: %d, usage %s", (int)result,
        used.ru_maxrss == UNTOUCHED_LONG ? "untouched" : "written");
    await_state(child, "S");
    kill(child, SIGKILL);
    result = wait3(NULL, 0, &used);
    say("killed: %s, memory %s", whose(result, child), used.ru_maxrss > 100 ? "some" : "none");
    getrusage(RUSAGE_CHILDREN, &used);
    say("children together: time %s",
        used.ru_utime.tv_sec > 0 || used.ru_utime.tv_usec > 1000 ? "some" : "none");
}

int main(void) {
    seen_often();
    by_pidfd();
    by_group();
    usage();
    return 0;
}
