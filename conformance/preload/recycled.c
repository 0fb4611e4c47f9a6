/*
 * Tested: a process that only has the number of a member that is gone is left alone by the end of
 * the root:  recycled gone|gone-session
 *
 * The first process of a pid namespace of its own, bare, runs `contain` with the shim ($SHIM) in
 * front of it. A member of the root makes an orphan, which ends and is reaped by us; a stranger, a
 * child of ours, gets its number. Exit status 77 where no such namespace can be had.
 */
#include <sys/mount.h>
#include <time.h>

#include "canon.h"

static uint64_t ticks(void) {
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * 100 + (uint64_t)now.tv_nsec / 10000000;
}

/* The kernel tells start times in clock ticks; a stranger of the same tick would prove nothing. */
static void await_next_tick(void) {
    uint64_t now = ticks();
    while (ticks() <= now + 1)
        sched_yield();
}

static pid_t start_root(const char *kind, int announce, int input) {
    char number[12];
    snprintf(number, sizeof number, "%d", announce);
    pid_t root = fork();
    if (root == 0) {
        setenv("LD_PRELOAD", getenv("SHIM"), 1);
        dup2(input, 0);
        execlp("contain", "contain", "stdin", number, kind, "orphan", (char *)NULL);
        _exit(127);
    }
    return root;
}

/* Two members tell their pids; the one that is gone is a child of ours by now, and ends. */
static pid_t gone_one(FILE *lines, pid_t *ret_other) {
    int pids[2];
    if (fscanf(lines, "%d %d", &pids[0], &pids[1]) != 2)
        return -1;
    for (int i = 0; i < 2; i++) {
        siginfo_t info = {0};
        await_state(pids[i], "ZS");
        if (waitid(P_PID, (id_t)pids[i], &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid) {
            *ret_other = pids[1 - i];
            return pids[i];
        }
    }
    return -1;
}

static int namespace_init(const char *kind) {
    int announce[2], input[2];
    pid_t other = 0;
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
        mount("proc", "/proc", "proc", 0, NULL))
        return 77;
    if (pipe(announce) || pipe2(input, O_CLOEXEC))
        return 1;
    fcntl(announce[0], F_SETFD, FD_CLOEXEC);
    pid_t root = start_root(kind, announce[1], input[0]);
    close(announce[1]);
    pid_t gone = gone_one(fdopen(announce[0], "r"), &other);
    if (gone < 0 || waitpid(gone, NULL, 0) != gone)
        return 2;
    await_next_tick();
    if (!set_next_pid(gone))
        return 77;
    pid_t stranger = fork();
    if (stranger == 0) {
        close(input[1]);
        setsid();
        for (;;)
            pause();
    }
    say("the number is used again%s", stranger == gone ? "" : ": no");
    close(input[1]);
    waitpid(root, NULL, 0);
    say("member: %s", waitpid(other, NULL, 0) == other ? "ended" : "not ours");
    say("stranger: %s", waitpid(stranger, NULL, WNOHANG) == 0 ? "alive" : "hit");
    kill(stranger, SIGKILL);
    waitpid(stranger, NULL, 0);
    return 0;
}

int main(int argc, char **argv) {
    int user = geteuid() == 0 ? 0 : CLONE_NEWUSER;
    int status = UNTOUCHED;
    if (argc != 2 || unshare(CLONE_NEWPID | CLONE_NEWNS | user) != 0)
        return 77;
    pid_t init = fork();
    if (init == 0)
        _exit(namespace_init(argv[1]));
    return waitpid(init, &status, 0) == init && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
