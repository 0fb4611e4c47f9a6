/*
 * Tested: a program that forks and does not wait: zombies FORKS WAIT [burst]
 *
 * Each child is dead before the next one is forked; with `burst` they pile up as they will. Prints
 * what the late waits (by pid, number, usage, any, waitid, seen, group) told, and on standard error
 * the greatest number of zombies that /proc showed on the way.
 */
#include <sys/resource.h>
#include <sys/syscall.h>

#include "canon.h"

static int code_of(int number) {
    return number % 251;
}

/* By the number of the oldest system call that there is for it. */
static pid_t wait_by_number(pid_t pid, int *status) {
#ifdef SYS_waitpid
    return (pid_t)syscall(SYS_waitpid, pid, status, 0);
#else
    return (pid_t)syscall(SYS_wait4, pid, status, 0, NULL);
#endif
}

static bool wait_for(const char *how, pid_t pid, int code) {
    int status = UNTOUCHED;
    siginfo_t info = {0};
    struct rusage usage = {0};
    if (strcmp(how, "pid") == 0)
        return waitpid(pid, &status, 0) == pid && status == code << 8;
    if (strcmp(how, "number") == 0)
        return wait_by_number(pid, &status) == pid && status == code << 8;
    if (strcmp(how, "usage") == 0)
        return wait4(pid, &status, 0, &usage) == pid && status == code << 8 &&
               usage.ru_maxrss > 100;
    if (strcmp(how, "seen") == 0 && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) != 0)
        return false;
    memset(&info, 0, sizeof info);
    return waitid(P_PID, (id_t)pid, &info, WEXITED) == 0 && info.si_pid == pid &&
           info.si_status == code && info.si_code == CLD_EXITED && info.si_uid == getuid();
}

/* Any child, until there is none: each pid once, with its own status. */
static int wait_for_any(pid_t *pids, int count, pid_t which) {
    int right = 0;
    int status;
    for (pid_t pid; (pid = waitpid(which, &status, 0)) > 0;)
        for (int i = 0; i < count; i++)
            if (pids[i] == pid) {
                right += status == code_of(i) << 8;
                pids[i] = 0;
                break;
            }
    return right;
}

int main(int argc, char **argv) {
    if (argc < 3)
        return 2;
    int count = atoi(argv[1]); // NOLINT(cert-err34-c)
    pid_t *pids = calloc((size_t)count, sizeof *pids);
    int greatest = 0;
    int alive = 0;
    int right = 0;
    for (int i = 0; pids && i < count; i++) {
        pids[i] = child_exiting(code_of(i));
        if (pids[i] < 0)
            return 1;
        if (argc == 3)
            await_state(pids[i], "Z");
        if (i % 50 == 49 || i == count - 1) {
            int now = count_zombies();
            greatest = now > greatest ? now : greatest;
        }
    }
    fprintf(stderr, "zombies %d\n", greatest);
    for (int i = 0; i < count; i++)
        alive += kill(pids[i], 0) == 0;
    say("signal 0 finds %d", alive);
    if (strcmp(argv[2], "any") == 0 || strcmp(argv[2], "group") == 0)
        right = wait_for_any(pids, count, argv[2][0] == 'a' ? -1 : 0);
    else
        for (int i = 0; i < count; i++)
            right += wait_for(argv[2], pids[i], code_of(i));
    errno = 0;
    pid_t none = wait(NULL);
    say("%d of %d statuses right, then %d %s", right, count, (int)none, error_name(errno));
    return 0;
}
