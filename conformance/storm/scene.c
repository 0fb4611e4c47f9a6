/*
 * A world for a program under test: a pid namespace (with a user namespace when not root) that has
 * few pids, and strangers in it: processes of another parent that are born and die all the time, so
 * that a pid the program has given back is theirs the next moment.
 *
 *   scene PIDS STRANGERS SECONDS PRELOAD PROGRAM ARGUMENT...
 *
 * PIDS is the namespace's pid_max; 0 leaves it as it is. STRANGERS live at once. PRELOAD is the
 * program's LD_PRELOAD, or "-". After SECONDS the program is killed. Every signal is blocked in a
 * stranger from its birth on and what is pending is counted before it ends: no signal that reached
 * one goes unseen, and one that is sent twice is counted twice.
 *
 * Prints "name value" lines after the program's own: status (as a shell tells it, or "hung"),
 * strangers (how many lived), hits (signals they received, and by number), and what the program
 * left behind: left.zombies and left.alive. Exit status 77 where no such namespace can be had.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { NOT_POSSIBLE = 77, STRANGERS_MAX = 1024, STACK = 16384, SIGNALS = 65 };

struct stranger {
    pid_t pid; /* 0: none */
    atomic_uint go;
    char *stack;
};

/* Shared by init, which prints it, and the maker of strangers. */
struct record {
    atomic_bool over;
    atomic_long strangers;
    atomic_long hits[SIGNALS];
};

static struct record *record;
static struct stranger strangers[STRANGERS_MAX];

static _Noreturn void fail(const char *what, int status) {
    fprintf(stderr, "scene: %s: %s\n", what, strerror(errno));
    _exit(status);
}

static void *map_shared(size_t size) {
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        fail("mmap", 1);
    return at;
}

/* --- strangers --- */

static void count_hits(void) {
    static const struct timespec at_once = {0, 0};
    sigset_t all;
    int number;
    sigfillset(&all);
    while ((number = sigtimedwait(&all, NULL, &at_once)) > 0)
        atomic_fetch_add(&record->hits[number], 1);
}

/* Shares the maker's memory, errno too: nobody here reads errno. */
static int stranger(void *context) {
    struct stranger *self = context;
    while (!atomic_load(&self->go))
        syscall(SYS_futex, &self->go, FUTEX_WAIT, 0, NULL, NULL, 0);
    count_hits();
    return 0;
}

static void start_stranger(struct stranger *s) {
    atomic_store(&s->go, 0);
    int pid = clone(stranger, s->stack + STACK, CLONE_VM | CLONE_FILES | CLONE_FS | SIGCHLD, s);
    s->pid = pid > 0 ? pid : 0; // no pid is free: the program has to give one back
    if (pid > 0)
        atomic_fetch_add(&record->strangers, 1);
}

static void end_stranger(struct stranger *s) {
    int status;
    if (!s->pid)
        return;
    atomic_store(&s->go, 1);
    syscall(SYS_futex, &s->go, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
    if (waitpid(s->pid, &status, 0) != s->pid)
        _exit(1);
    if (WIFSIGNALED(status)) // by what cannot be blocked
        atomic_fetch_add(&record->hits[WTERMSIG(status)], 1);
    s->pid = 0;
}

static _Noreturn void make_strangers(int count) {
    char *stacks = map_shared((size_t)count * STACK + 1);
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    for (int i = 0; i < count; i++)
        strangers[i].stack = stacks + (size_t)i * STACK;
    for (int i = 0; !atomic_load(&record->over); i = (i + 1) % count) {
        end_stranger(&strangers[i]);
        start_stranger(&strangers[i]);
    }
    for (int i = 0; i < count; i++)
        end_stranger(&strangers[i]);
    _exit(0);
}

/* --- the namespace's init --- */

static void limit_pids(int limit) {
    int fd = open("/proc/sys/kernel/pid_max", O_RDWR | O_CLOEXEC);
    char text[16];
    int length = snprintf(text, sizeof text, "%d", limit);
    if (fd < 0 || write(fd, text, (size_t)length) != length)
        fail("a pid_max of the namespace's own (Linux 6.14)", NOT_POSSIBLE);
    close(fd);
}

static _Noreturn void start_program(const char *preload, char **argv) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (strcmp(preload, "-") != 0)
        setenv("LD_PRELOAD", preload, 1);
    execv(argv[0], argv);
    fail(argv[0], 127);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* False when it has not ended by then. SIGCHLD is blocked. */
static bool await(pid_t pid, int *ret_status, double deadline) {
    sigset_t chld;
    sigemptyset(&chld);
    sigaddset(&chld, SIGCHLD);
    while (waitpid(pid, ret_status, WNOHANG) != pid) {
        double left = deadline - now();
        if (left <= 0)
            return false;
        struct timespec time = {(time_t)left, (long)((left - (double)(time_t)left) * 1e9)};
        sigtimedwait(&chld, NULL, &time);
    }
    return true;
}

/* What the program left is ours now. */
static void count_left(void) {
    int zombies = 0;
    int alive = 0;
    while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
        zombies++;
    kill(-1, SIGKILL);
    while (waitpid(-1, NULL, __WALL) > 0)
        alive++;
    printf("left.zombies %d\nleft.alive %d\n", zombies, alive);
}

static void print_status(bool ended, int status) {
    if (ended)
        printf("status %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    else
        printf("status hung\n");
}

static void print_record(void) {
    long all = 0;
    for (int i = 1; i < SIGNALS; i++) {
        long hits = atomic_load(&record->hits[i]);
        all += hits;
        if (hits)
            printf("hits.%d %ld\n", i, hits);
    }
    printf("hits %ld\nstrangers %ld\n", all, atomic_load(&record->strangers));
}

static int play(char **arguments) {
    int count = atoi(arguments[1]);
    double deadline = now() + atof(arguments[2]);
    int status = 0;
    sigset_t chld;
    sigemptyset(&chld);
    sigaddset(&chld, SIGCHLD);
    sigprocmask(SIG_BLOCK, &chld, NULL);
    pid_t maker = count > 0 ? fork() : 0;
    if (count > 0 && maker == 0)
        make_strangers(count);
    pid_t program = fork();
    if (program == 0)
        start_program(arguments[3], arguments + 4);
    if (maker < 0 || program < 0)
        fail("fork", 1);
    bool ended = await(program, &status, deadline);
    atomic_store(&record->over, true);
    if (!ended) {
        kill(program, SIGKILL);
        waitpid(program, NULL, 0);
    }
    int maker_status = 0;
    if (count > 0 && (waitpid(maker, &maker_status, 0) != maker || maker_status != 0))
        return 1;
    print_status(ended, status);
    print_record();
    count_left();
    return fflush(stdout) == 0 ? 0 : 1;
}

/* All of the namespace dies with its init, and init with us; `alive` breaks when we are gone. */
static void die_with_parent(int alive) {
    struct pollfd end = {.fd = alive, .events = POLLIN};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (poll(&end, 1, 0) != 0)
        _exit(1);
}

/* As root of a user namespace of its own, the program may choose pids there. */
static void enter_namespaces(void) {
    uid_t uid = geteuid();
    char text[32];
    if (unshare(CLONE_NEWPID | (uid == 0 ? 0 : CLONE_NEWUSER)) != 0)
        fail("a pid namespace", NOT_POSSIBLE);
    int length = snprintf(text, sizeof text, "0 %u 1", uid);
    int fd = uid == 0 ? -1 : open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
    if (uid != 0 && (fd < 0 || write(fd, text, (size_t)length) != length))
        fail("a user namespace", NOT_POSSIBLE);
    close(fd);
}

/* Signals that carry a value queue up at whoever is slow to take them. */
static void allow_queued_signals(void) {
    struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
    (void)setrlimit(RLIMIT_SIGPENDING, &limit); // not as a plain user
}

int main(int argc, char **argv) {
    int alive[2];
    if (argc < 6 || atoi(argv[2]) > STRANGERS_MAX) {
        fputs("usage: scene PIDS STRANGERS SECONDS PRELOAD PROGRAM ARGUMENT...\n", stderr);
        return 2;
    }
    record = map_shared(sizeof *record);
    if (pipe2(alive, O_CLOEXEC) != 0)
        fail("pipe", 1);
    enter_namespaces();
    prctl(PR_SET_PDEATHSIG, SIGKILL); // whoever runs us and dies
    allow_queued_signals();
    pid_t init = fork();
    if (init < 0)
        fail("fork", 1);
    if (init == 0) {
        close(alive[1]);
        die_with_parent(alive[0]);
        if (atoi(argv[1]) > 0)
            limit_pids(atoi(argv[1]));
        _exit(play(argv + 1));
    }
    int status;
    if (waitpid(init, &status, 0) != init)
        fail("waitpid", 1);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
