/*
 * The rung that nobody outlives: a pid namespace of the run's own, which ends with its init.
 *
 * The init is the guard's child and outside the caller's session; the kernel reaps for it. The root
 * stays the supervisor's own child: a process in between enters the namespace and makes its parent
 * a child there. So all waiting, stopping and signalling is that of the other rungs.
 */
#include "contain/contain.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clone.h"
#include "contain/procfs.h"
#include "fds.h"
#include "name.h"
#include "proc.h"

/* A member that the kernel does not let go of keeps its namespace for longer. */
#define CLOSE_MS 1000

/* What the init, or a process on its way into the namespace, tells whoever made it. */
struct word {
    pid_t pid;
    int error;
    char what[64];
};

static struct word complaint(int error, const char *what) {
    struct word word = {.error = error};
    snprintf(word.what, sizeof word.what, "%s", what);
    return word;
}

/* As fork, in new namespaces or as a sibling. */
static pid_t fork_with(unsigned long flags) {
    return (pid_t)fp_clone_by(flags | SIGCHLD, NULL, NULL);
}

static int write_file(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int r = write(fd, text, strlen(text)) < 0 ? -errno : 0;
    close(fd);
    return r;
}

static int map_id(const char *path, unsigned id) {
    char line[32];
    snprintf(line, sizeof line, "%u %u 1", id, id);
    return write_file(path, line);
}

static int map_ids(uid_t user, gid_t group) {
    int r = write_file("/proc/self/setgroups", "deny");
    if (r == 0)
        r = map_id("/proc/self/gid_map", group);
    return r < 0 ? r : map_id("/proc/self/uid_map", user);
}

struct birth {
    unsigned long user_flag; /* CLONE_NEWUSER, or 0 */
    uid_t user;
    gid_t group;
    int alive[2], told[2];
    int lent_fd, lent_record_fd;
    char **argv;
};

/* Whoever has fewer of them may not open what we hold for the members. */
static void drop_capabilities(void) {
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
    (void)syscall(SYS_capset, &head, none);
}

static struct word set_up_init(const struct birth *birth) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGCHLD, SIG_IGN);
    int r = birth->user_flag ? map_ids(birth->user, birth->group) : 0;
    if (r < 0)
        return complaint(-r, "cannot map the user into a user namespace");
    r = fp_procfs_mount(birth->user_flag);
    if (r < 0)
        return complaint(-r, "cannot mount /proc for it");
    if (birth->user_flag)
        drop_capabilities();
    return (struct word){.error = 0};
}

/* Told to: leaves with the last member. */
static void wait_for_members(void) {
    while (waitpid(-1, NULL, __WALL) > 0 || errno == EINTR)
        ;
}

/* A byte tells it to leave with the last member; the end of the file, that nobody is left to. */
static _Noreturn void be_init(const struct birth *birth) {
    char byte;
    ssize_t n;
    struct word word = set_up_init(birth);
    setsid();
    for (int fd = 0; fd <= 2; fd++)
        close(fd);
    int own[] = {birth->alive[0], birth->told[1], birth->lent_fd, birth->lent_record_fd};
    fp_fds_keep(own, 4);
    fp_name_self("fp-init", birth->argv);
    (void)!write(birth->told[1], &word, sizeof word);
    close(birth->told[1]);
    do
        n = word.error ? 0 : read(birth->alive[0], &byte, 1);
    while (n < 0 && errno == EINTR);
    if (n > 0)
        wait_for_members();
    _exit(0);
}

static void close_pair(int pair[2]) {
    close(pair[0]);
    close(pair[1]);
}

static int pidns_kill_all(struct fp_contain *c) {
    return fp_member_signal_pidfd(c->kill_fd, SIGKILL);
}

static bool has_exited(const struct fp_contain *c, int timeout_ms) {
    struct pollfd fd = {.fd = c->kill_fd, .events = POLLIN};
    return poll(&fd, 1, timeout_ms) > 0;
}

static void pidns_close(struct fp_contain *c) {
    fp_fds_close(&c->alive_fd);
    if (c->kill_fd >= 0) {
        (void)pidns_kill_all(c);
        (void)has_exited(c, CLOSE_MS);
    }
    /* For the guard, whose child it is. */
    if (c->init > 0)
        (void)waitpid(c->init, NULL, WNOHANG | __WALL);
    c->init = 0;
    fp_fds_close(&c->kill_fd);
    c->events_fd = -1;
}

/* Whether the init has everything ready; it is our child, unreaped. */
static int take_init(struct fp_contain *c, int told) {
    struct word word;
    c->kill_fd = fp_member_open(c->init);
    if (c->kill_fd < 0) {
        int error = -c->kill_fd;
        (void)kill(c->init, SIGKILL);
        (void)waitpid(c->init, NULL, __WALL);
        c->init = 0;
        return fp_contain_fail(c, error, "pidfd_open");
    }
    c->events_fd = c->kill_fd;
    c->wake = POLLIN;
    if (read(told, &word, sizeof word) != (ssize_t)sizeof word)
        word = complaint(ECHILD, "its init was killed");
    return word.error ? fp_contain_fail(c, word.error, word.what) : 0;
}

static int start_init(struct fp_contain *c, unsigned long user_flag) {
    struct birth birth = {.user_flag = user_flag,
                          .user = geteuid(),
                          .group = getegid(),
                          .lent_fd = c->lent_fd,
                          .lent_record_fd = c->lent_record_fd,
                          .argv = c->argv};
    if (pipe2(birth.alive, O_CLOEXEC) < 0)
        return fp_contain_fail(c, errno, "pipe");
    if (pipe2(birth.told, O_CLOEXEC) < 0) {
        close_pair(birth.alive);
        return fp_contain_fail(c, errno, "pipe");
    }
    c->init = fork_with(CLONE_NEWPID | CLONE_NEWNS | user_flag);
    int error = errno;
    if (c->init == 0)
        be_init(&birth);
    close(birth.told[1]);
    close(birth.alive[0]);
    c->alive_fd = birth.alive[1];
    (void)fcntl(c->alive_fd, F_SETFL, O_NONBLOCK);
    int r = c->init < 0
                ? fp_contain_fail(c, error, user_flag ? "a user namespace" : "a pid namespace")
                : take_init(c, birth.told[0]);
    close(birth.told[0]);
    if (r < 0)
        pidns_close(c);
    return r;
}

static int pidns_open(struct fp_contain *c, const char *run_id) {
    struct fp_procfs proc;
    (void)run_id;
    int r = fp_procfs_look(false, &proc);
    if (r < 0)
        return fp_contain_fail(c, -r, "/proc/self/mountinfo");
    if (*proc.below) {
        snprintf(c->why_not, sizeof c->why_not,
                 "a /proc of its own would be without the mount on %s", proc.below);
        return -EBUSY;
    }
    r = start_init(c, 0);
    if (r != -EPERM)
        return r;
    c->has_user_namespace = true;
    return start_init(c, CLONE_NEWUSER);
}

/* The root, a child of our parent's. Its own mount namespace keeps directory and descriptors. */
static pid_t become_root(const struct fp_contain *c, int told) {
    int r = fp_procfs_mount(c->has_user_namespace);
    if (r < 0) {
        struct word word = complaint(-r, "mount");
        (void)!write(told, &word, sizeof word);
        _exit(125);
    }
    close(told);
    return 0;
}

/* Its number is its own as long as nobody has reaped it. */
static bool is_init(const struct fp_contain *c, pid_t pid) {
    return pid > 0 && pid == c->init && fp_member_signal_pidfd(c->kill_fd, 0) == 0;
}

static int open_namespace(const struct fp_contain *c, const char *name) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)c->init, name);
    return open(path, O_RDONLY | O_CLOEXEC);
}

/* By its files: setns takes pidfds only since Linux 5.8. */
static bool join(const struct fp_contain *c) {
    int user = c->has_user_namespace ? open_namespace(c, "user") : -1;
    bool opened = user >= 0 || !c->has_user_namespace;
    int pid = opened ? open_namespace(c, "pid") : -1;
    int error = errno;
    if (pid < 0 || !is_init(c, c->init)) {
        errno = pid < 0 ? error : ESRCH;
        return false;
    }
    return (user < 0 || setns(user, CLONE_NEWUSER) == 0) && setns(pid, CLONE_NEWPID) == 0;
}

/* Returns in the root only. */
static pid_t enter_and_fork(const struct fp_contain *c, int told) {
    struct word word = {.error = 0};
    if (join(c) && unshare(CLONE_NEWNS) == 0 && (word.pid = fork_with(CLONE_PARENT)) == 0)
        return become_root(c, told);
    if (word.pid <= 0)
        word.error = errno;
    (void)!write(told, &word, sizeof word);
    _exit(0);
}

/* Until both, root and go-between, have said what they have to say. */
static pid_t hear(int told) {
    struct word word;
    pid_t pid = -1;
    int error = 0;
    while (read(told, &word, sizeof word) == (ssize_t)sizeof word) {
        pid = word.pid > 0 ? word.pid : pid;
        error = word.error ? word.error : error;
    }
    if (error && pid > 0)
        (void)waitpid(pid, NULL, __WALL);
    errno = error ? error : ECHILD;
    return error ? -1 : pid;
}

static pid_t pidns_fork(struct fp_contain *c) {
    int told[2];
    if (pipe2(told, O_CLOEXEC) < 0)
        return -1;
    pid_t between = fork();
    if (between == 0) {
        close(told[0]);
        return enter_and_fork(c, told[1]);
    }
    int error = errno;
    close(told[1]);
    pid_t root = between < 0 ? -1 : hear(told[0]);
    if (between > 0) {
        error = errno;
        (void)waitpid(between, NULL, __WALL);
    }
    close(told[0]);
    errno = error;
    return root;
}

/* The pids of its children, allocated; NULL where there is no such file. */
static char *list_children(const struct fp_contain *c) {
    char path[80], *text;
    size_t length;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)c->init, (int)c->init);
    return fp_proc_slurp(path, &text, &length) < 0 ? NULL : text;
}

/* For those that /proc does not show (hidepid). */
static bool lists_child(const struct fp_contain *c, pid_t pid) {
    char *text = list_children(c);
    bool found = false;
    for (char *at = text, *end = at; at && !found; at = end) {
        found = strtol(at, &end, 10) == pid;
        if (end == at)
            break;
    }
    free(text);
    return found && is_init(c, c->init);
}

/* Orphans; who descends from them, or from the root, is found by their parents. */
static bool pidns_holds(const struct fp_contain *c, pid_t pid) {
    struct fp_proc_stat stat;
    return fp_proc_stat(pid, &stat) == 0 ? is_init(c, stat.ppid) : lists_child(c, pid);
}

static int pidns_list(const struct fp_contain *c, struct fp_members *members) {
    struct fp_scope scope = {.top = c->init, .contain = c};
    int r = fp_walk_list(&scope, members);
    /* With its init the namespace has ended; what was listed may be anybody's. */
    if (!is_init(c, c->init))
        fp_members_clear(members);
    return r;
}

static bool has_children(const struct fp_contain *c) {
    char *text = list_children(c);
    bool some = !text || *text;
    free(text);
    return some;
}

/* Once the root has ended, all members descend from the init. It is told to leave with the last. */
static bool pidns_populated(const struct fp_contain *c) {
    if (has_exited(c, 0) || !has_children(c))
        return false;
    (void)!write(c->alive_fd, "", 1);
    return !has_exited(c, 0);
}

const struct fp_contain_ops fp_contain_pidns = {
    .rung = FP_RUNG_PIDNS,
    .name = "pidns",
    .escapes = "processes that a service outside the run starts on a member's request; the program "
               "has other pids than outside and sees only its own processes",
    .open = pidns_open,
    .fork = pidns_fork,
    .list = pidns_list,
    .holds = pidns_holds,
    .kill_all = pidns_kill_all,
    .populated = pidns_populated,
    .close = pidns_close,
};
