/*
 * Tested: every wait with every kind of number: each bit of the options and all of them, every kind
 * of pid and idtype, numbers that do not fit a pid; for children made by fork (late: in the stash
 * where the bound is 1), by clone without a signal and with another one than SIGCHLD, by another
 * thread.
 */
#include <limits.h>
#include <pthread.h>
#include <sys/syscall.h>

#include "bad.h"

/* Stands for the child's pid. */
#define CHILD 0x7ffffff0

enum made { BY_FORK, BY_LATE_FORK, BY_CLONE, BY_CLONE_USR1, BY_THREAD, NONE_MADE, MADES };
static const char *const mades[] = {"fork", "late", "clone", "clone USR1", "thread", "none"};

static int life[2];
static pid_t siblings[2];

static int exit_seven(void *unused) {
    (void)unused;
    _exit(7);
}

static pid_t cloned(int signal) {
    static char stack[65536] __attribute__((aligned(16)));
    return clone(exit_seven, stack + sizeof stack, signal, NULL);
}

static void add_siblings(void) {
    for (size_t i = 0; i < COUNT(siblings); i++)
        siblings[i] = child_pausing();
}

static pthread_t thread;
static int done[2];
static pid_t by_other;

/* Stays, since the children of a thread that has ended are another thread's. */
static void *fork_and_stay(void *unused) {
    char byte = 'x';
    by_other = child_zombie(7);
    if (write(done[1], &byte, 1) != 1 || read(life[0], &byte, 1) != 1)
        abort();
    return unused;
}

static pid_t by_thread(void) {
    char byte;
    if (pthread_create(&thread, NULL, fork_and_stay, NULL) != 0 || read(done[0], &byte, 1) != 1)
        abort();
    return by_other;
}

static pid_t enter(enum made made) {
    pid_t child = 0x3ffff0; // never so high a pid here
    switch (made) {
    case BY_FORK:
        return child_zombie(7);
    case BY_LATE_FORK:
        child = child_zombie(7);
        add_siblings();
        return child;
    case BY_CLONE:
    case BY_CLONE_USR1:
        child = cloned(made == BY_CLONE ? 0 : SIGUSR1);
        await_state(child, "Z");
        return child;
    case BY_THREAD:
        return by_thread();
    case NONE_MADE:
    case MADES:
    default:
        return child;
    }
}

static void leave(enum made made) {
    for (size_t i = 0; made == BY_LATE_FORK && i < COUNT(siblings); i++)
        kill(siblings[i], SIGKILL);
    while (waitpid(-1, NULL, (int)__WALL) > 0)
        ;
    if (made != BY_THREAD)
        return;
    if (write(life[1], "x", 1) != 1)
        abort();
    pthread_join(thread, NULL);
}

/* A child serves until a wait has taken it. */
static pid_t now;

static pid_t child_now(enum made made) {
    return now = now ? now : enter(made);
}

static void taken(enum made made) {
    leave(made);
    now = 0;
}

/* Without a child nothing blocks. */
static int hang(enum made made) {
    return made == NONE_MADE ? 0 : WNOHANG;
}

static int option(int i) {
    static const int some[] = {0,
                               -1,
                               INT_MAX,
                               (int)(__WALL | __WCLONE),
                               (int)(__WALL | __WNOTHREAD),
                               (int)(__WCLONE | __WNOTHREAD),
                               (int)(__WALL | __WCLONE | __WNOTHREAD),
                               WUNTRACED | WCONTINUED};
    return i < 32 ? (int)(1U << i) : some[i - 32];
}
#define OPTIONS 40

static void by_wait4(enum made made, const char *name, long id, int options) {
    pid_t child = child_now(made);
    pid_t pid = id == CHILD ? child : id == -CHILD ? -getpgrp() : (pid_t)id;
    int status = UNTOUCHED;
    errno = 0;
    pid_t result = waitpid(pid, &status, options | hang(made));
    int error = errno;
    say("waitpid %s, %s, %#x: %s, %s, %s", mades[made], name, (unsigned)options,
        whose(result, child), status_name(status), error_name(error));
    if (result > 0)
        taken(made);
}

static void by_waitid(enum made made, const char *name, int type, long id, int options) {
    pid_t child = child_now(made);
    siginfo_t info;
    memset(&info, PATTERN, sizeof info);
    errno = 0;
    long who = id == CHILD ? child : id == -CHILD ? getpgrp() : id;
    long result = syscall(SYS_waitid, type, who, &info, options | hang(made), NULL);
    int error = errno;
    say("waitid %s, %s, %#x: %ld, %s, signo %#x code %#x pid %s status %#x", mades[made], name,
        (unsigned)options, result, error_name(error), (unsigned)info.si_signo,
        (unsigned)info.si_code, whose(info.si_pid, child), (unsigned)info.si_status);
    if (info.si_signo == SIGCHLD && !(options & (int)WNOWAIT))
        taken(made);
}

static const struct {
    const char *name;
    long pid;
} pids[] = {{"any", -1},           {"own group", 0},           {"child", CHILD},
            {"its group", -CHILD}, {"INT_MIN", INT_MIN},       {"INT_MIN + 1", INT_MIN + 1},
            {"2^22", 1 << 22},     {"2^22 - 1", (1 << 22) - 1}};

static const struct {
    const char *name;
    int type;
    long id;
} ids[] = {{"all", P_ALL, 0},
           {"all but", P_ALL, -5},
           {"pid", P_PID, CHILD},
           {"pid 0", P_PID, 0},
           {"pid -1", P_PID, -1},
           {"pid 2^22", P_PID, 1 << 22},
           {"pid 2^32", P_PID, (long)(1LL << 32)},
           {"pid 2^32 - 1", P_PID, (long)((1LL << 32) - 1)},
           {"pid 2^63", P_PID, LONG_MIN},
           {"group", P_PGID, -CHILD},
           {"group 0", P_PGID, 0},
           {"group -1", P_PGID, -1},
           {"group 2^32", P_PGID, (long)(1LL << 32)},
           {"group INT_MIN", P_PGID, INT_MIN},
           {"pidfd -1", 3, -1},
           {"pidfd 99", 3, 99},
           {"type 4", 4, 0},
           {"type 5", 5, 0},
           {"type -1", -1, 0},
           {"type INT_MAX", INT_MAX, 0},
           {"type INT_MIN", INT_MIN, 0}};

static int run(int argc, char **argv) {
    (void)argc;
    (void)argv;
    signal(SIGUSR1, SIG_IGN);
    if (pipe2(life, O_CLOEXEC) != 0 || pipe2(done, O_CLOEXEC) != 0)
        return 1;
    for (int made = 0; made < MADES; made++) {
        for (int o = 0; o < OPTIONS; o++) {
            for (size_t i = 0; i < COUNT(pids); i++)
                by_wait4((enum made)made, pids[i].name, pids[i].pid, option(o));
            for (size_t i = 0; i < COUNT(ids); i++) {
                by_waitid((enum made)made, ids[i].name, ids[i].type, ids[i].id, option(o));
                by_waitid((enum made)made, ids[i].name, ids[i].type, ids[i].id,
                          option(o) | WEXITED);
            }
        }
        taken((enum made)made);
    }
    return 0;
}

int main(int argc, char **argv) {
    return confined(run, argc, argv);
}
