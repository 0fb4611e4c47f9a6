/*
 * Plays a tree of processes: player DIRECTORY NODE [settled].
 *
 * DIRECTORY holds the plan (plan.h), the board (board.h), and links to this program, `dynamic` and
 * `static`. Each process of the tree is one node: it becomes what its line says, starts its
 * children in the order of the plan, each when the one before is in place, and stays or ends. The
 * root ends when the driver says so. "settled": the children are there, only the image is another.
 *
 *   player leave N   ends with status N: what a root execs that ends as another program
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "board.h"
#include "plan.h"

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            board_broken(self, __LINE__);                                                          \
    } while (0)

#define ODD_NAME "a) S 1 (b\n c"

static const char *directory;
static int self; /* the node this process is */

static _Noreturn void live(int node);

static _Noreturn void idle(void) {
    for (;;)
        pause();
}

/* --- exec --- */

struct image {
    char path[PATH_SIZE], number[12], settled[12];
    char *argv[5], **envp;
};

static char **environment(int word) {
    static char *none[] = {NULL};
    static char *others[256];
    size_t used = 0;
    if (word == ENV_CLEAR)
        return none;
    if (word == ENV_KEEP)
        return environ;
    for (char **e = environ; *e && used < 255; e++)
        if (strncmp(*e, "LD_PRELOAD=", 11) != 0)
            others[used++] = *e;
    others[used] = NULL;
    return others;
}

static void make_image(struct image *image, int node, int word, bool settled) {
    static char odd[] = "x\ny) R 1 (", plain[] = "player";
    const char *kind = word == IMAGE_STATIC ? "static" : "dynamic";
    snprintf(image->path, sizeof image->path, "%s/%s", directory, kind);
    snprintf(image->number, sizeof image->number, "%d", node);
    snprintf(image->settled, sizeof image->settled, "%s", settled ? "settled" : "new");
    image->argv[0] = plan_word(node, NAME) == NAME_ODD ? odd : plain;
    image->argv[1] = (char *)(uintptr_t)directory;
    image->argv[2] = image->number;
    image->argv[3] = image->settled;
    image->argv[4] = NULL;
    image->envp = environment(plan_word(node, ENV));
}

static _Noreturn void exec_node(int node, int word, bool settled) {
    struct image image;
    make_image(&image, node, word, settled);
    execve(image.path, image.argv, image.envp);
    board_broken(node, __LINE__);
}

/* --- starting a child --- */

/* In the new process, forked. */
static _Noreturn void become(int node) {
    if (plan_word(node, IMAGE) != IMAGE_SAME)
        exec_node(node, plan_word(node, IMAGE), false);
    live(node);
}

static pid_t start_forked(int node) {
    pid_t pid = fork();
    if (pid == 0)
        become(node);
    return pid;
}

static void *start_from_thread(void *node) {
    return (void *)(intptr_t)start_forked((int)(intptr_t)node);
}

static pid_t start_by_thread(int node) {
    pthread_t thread;
    void *pid;
    errno = pthread_create(&thread, NULL, start_from_thread, (void *)(intptr_t)node);
    MUST(errno == 0 && pthread_join(thread, &pid) == 0);
    return (pid_t)(intptr_t)pid;
}

static pid_t start_vforked(int node) {
    static struct image image;
    make_image(&image, node, plan_word(node, IMAGE), false);
    pid_t pid = vfork();
    if (pid == 0) {
        execve(image.path, image.argv, image.envp);
        _exit(127);
    }
    return pid;
}

static pid_t start_spawned(int node) {
    static struct image image;
    pid_t pid = -1;
    make_image(&image, node, plan_word(node, IMAGE), false);
    errno = posix_spawn(&pid, image.path, NULL, NULL, image.argv, image.envp);
    return pid;
}

/* Its parent is gone when this returns, and so it is no child of ours: 0. */
static pid_t start_detached(int node) {
    pid_t between = fork();
    if (between == 0) {
        if (plan_word(node, HOW) == HOW_DAEMON) {
            MUST(daemon(1, 1) == 0);
            become(node);
        }
        pid_t pid = fork();
        MUST(pid >= 0);
        if (pid == 0)
            become(node);
        _exit(0);
    }
    MUST(between > 0 && waitpid(between, NULL, 0) == between);
    return 0;
}

static pid_t start(int node) {
    switch (plan_word(node, HOW)) {
    case HOW_VFORK:
        return start_vforked(node);
    case HOW_SPAWN:
        return start_spawned(node);
    case HOW_DOUBLE:
    case HOW_DAEMON:
        return start_detached(node);
    case HOW_THREAD:
        return start_by_thread(node);
    default:
        return start_forked(node);
    }
}

static bool ends_early(int node) {
    return plan_word(node, END) >= END_EXIT;
}

static void wait_for_subtree(int node) {
    board_wait_state(node, SETTLED);
    for (int i = node + 1; i < NODES; i++)
        if (plan[i].exists && plan[i].parent == node)
            wait_for_subtree(i);
}

/* One that waits for its parent's end is left alone with it. */
static void start_child(int node) {
    pid_t pid = start(node);
    MUST(pid >= 0);
    if (plan_word(node, ORDER) == ORDER_ORPHAN) {
        board_wait_state(node, STARTED);
        return;
    }
    wait_for_subtree(node);
    if (!ends_early(node) || pid == 0)
        return;
    siginfo_t info;
    int kept = plan_word(node, REAP) == REAP_NO ? WNOWAIT : 0;
    MUST(waitid(P_PID, (id_t)pid, &info, WEXITED | kept) == 0);
}

/* --- becoming what the plan says --- */

/* Handler of SIGTERM: members that are born while the run is ended. */
static void multiply(int sig) {
    (void)sig;
    int kind = plan_word(self, TERM);
    int count = kind == TERM_BURST ? plan_number(self, TERM) : 1;
    if (kind == TERM_EXIT)
        _exit(3);
    for (int i = 0; i < count && board_spend(); i++)
        if (fork() == 0) {
            if (kind != TERM_REFORK)
                setsid();
            board_enter_late(getpid());
            return;
        }
    if (kind != TERM_BURST)
        _exit(0);
}

static void handle(int sig, void (*handler)(int)) {
    struct sigaction action = {.sa_handler = handler};
    MUST(sigaction(sig, &action, NULL) == 0);
}

static void set_signals(void) {
    int term = plan_word(self, TERM), deaf = plan_word(self, DEAF);
    handle(SIGHUP, deaf == DEAF_HUP || deaf == DEAF_BOTH ? SIG_IGN : SIG_DFL);
    handle(SIGINT, deaf == DEAF_INT || deaf == DEAF_BOTH ? SIG_IGN : SIG_DFL);
    handle(SIGTERM, term == TERM_DEFAULT ? SIG_DFL : term == TERM_IGNORE ? SIG_IGN : multiply);
}

static void *idle_thread(void *unused) {
    (void)unused;
    idle();
}

static void start_threads(void) {
    pthread_t thread;
    for (int i = 0; i < 2 && plan_word(self, THREADS) != THREADS_NO; i++) {
        errno = pthread_create(&thread, NULL, idle_thread, NULL);
        MUST(errno == 0);
    }
}

/* The first line that begins so. */
static void read_line(const char *path, const char *start, char ret[static PATH_SIZE]) {
    FILE *file = fopen(path, "re");
    MUST(file);
    while (fgets(ret, PATH_SIZE, file) && strncmp(ret, start, strlen(start)) != 0)
        ;
    fclose(file);
    ret[strcspn(ret, "\n")] = '\0';
}

/* A new one in the one it is in. */
static void make_cgroup(const char *mount, char ret[static 2 * PATH_SIZE]) {
    char own[PATH_SIZE];
    read_line("/proc/self/cgroup", "0::/", own);
    snprintf(ret, 2 * PATH_SIZE, "%s%s/node%d", mount, own + 3, self);
    MUST(mkdir(ret, 0755) == 0 || errno == EEXIST);
}

/* DIRECTORY/cgroups says where cgroup2 is mounted, and which cgroup there is outside the run. */
static void change_cgroup(void) {
    char name[PATH_SIZE], line[PATH_SIZE], path[2 * PATH_SIZE];
    int kind = plan_word(self, CGROUP);
    snprintf(name, sizeof name, "%s/cgroups", directory);
    if (kind == CGROUP_SAME || access(name, R_OK) < 0) /* none to be had here: the driver knows */
        return;
    read_line(name, kind == CGROUP_OUT ? "out=" : "mount=", line);
    const char *value = strchr(line, '=') + 1;
    if (kind == CGROUP_INNER)
        make_cgroup(value, path);
    else
        snprintf(path, sizeof path, "%s", value);
    strncat(path, "/cgroup.procs", sizeof path - strlen(path) - 1);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    MUST(fd >= 0 && write(fd, "0", 1) == 1);
    close(fd);
}

static void set_session(void) {
    int session = plan_word(self, SESSION);
    if (session == SESSION_SETSID)
        MUST(setsid() > 0);
    else if (session == SESSION_GROUP)
        MUST(setpgid(0, 0) == 0);
}

static void set_up(void) {
    set_signals();
    if (plan_word(self, NAME) == NAME_ODD)
        prctl(PR_SET_NAME, ODD_NAME);
    if (plan_word(self, FDS) == FDS_CLOSE)
        syscall(SYS_close_range, 0, ~0U, 0);
    start_threads();
}

/* --- the end --- */

static _Noreturn void die(int sig) {
    sigset_t set;
    if (sig != SIGKILL)
        handle(sig, SIG_DFL);
    sigemptyset(&set);
    sigaddset(&set, sig);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    kill(getpid(), sig);
    idle();
}

static _Noreturn void exec_leave(int status) {
    char path[PATH_SIZE], number[12];
    char *argv[] = {(char *)(uintptr_t) "leave", (char *)(uintptr_t) "leave", number, NULL};
    int image = plan_word(self, THEN) == IMAGE_STATIC ? IMAGE_STATIC : IMAGE_DYNAMIC;
    snprintf(number, sizeof number, "%d", status);
    snprintf(path, sizeof path, "%s/%s", directory, image == IMAGE_STATIC ? "static" : "dynamic");
    execve(path, argv, environment(plan_word(self, ENV)));
    board_broken(self, __LINE__);
}

static _Noreturn void finish(void) {
    int number = plan_number(self, END);
    struct rlimit no_core = {0, 0};
    switch (plan_word(self, END)) {
    case END_STOP:
        board_wait_flag(&board->stops);
        raise(SIGSTOP);
        idle();
    case END_EXIT:
        exit(number);
    case END_QUIT:
        _exit(number);
    case END_SIGNAL:
        setrlimit(RLIMIT_CORE, &no_core);
        die(number);
    case END_ABORT:
        setrlimit(RLIMIT_CORE, &no_core);
        abort();
    case END_EXEC:
        exec_leave(number);
    default:
        if (plan_word(self, THREADS) == THREADS_ORPHANED)
            pthread_exit(NULL);
        idle();
    }
}

/* --- a life --- */

static _Noreturn void settle(void) {
    board_set_state(self, SETTLED);
    if (self == 0)
        board_wait_flag(&board->go);
    finish();
}

static void wait_for_orphanhood(void) {
    pid_t parent = atomic_load(&board->node[plan[self].parent].pid);
    while (getppid() == parent)
        sched_yield();
}

static _Noreturn void live(int node) {
    self = node;
    board_set_state(self, STARTED);
    if (plan_word(self, ORDER) == ORDER_ORPHAN)
        wait_for_orphanhood();
    set_session();
    change_cgroup();
    set_up();
    for (int i = node + 1; i < NODES; i++)
        if (plan[i].exists && plan[i].parent == node)
            start_child(i);
    if (node != 0 && plan_word(self, THEN) != IMAGE_SAME)
        exec_node(self, plan_word(self, THEN), true);
    settle();
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "leave") == 0)
        return atoi(argv[2]);
    if (argc < 3)
        return 98;
    directory = argv[1];
    board_open(directory);
    self = atoi(argv[2]);
    int wrong = plan_read(directory);
    if (wrong) {
        errno = EINVAL;
        board_broken(self, wrong);
    }
    if (argc > 3 && strcmp(argv[3], "settled") == 0) {
        set_up();
        settle();
    }
    live(self);
}
