/*
 * The world that one case lives in: its init, its strangers and its witness.
 *
 *   warden [OPTION]... DIRECTORY -- PROGRAM [ARGUMENT]...
 *
 *     --deadline=SECONDS  then everything is killed (default 10)
 *     --stall             say so as soon as nothing in it can move any more
 *     --pids=N            no more processes than that in its pid namespace (Linux 6.14)
 *     --no-namespace      no pid namespace: hold the program as a subreaper
 *
 * The program runs in DIRECTORY/work with its output in DIRECTORY/stdout and DIRECTORY/stderr. It
 * tells its steps in DIRECTORY/words and asks for strangers at DIRECTORY/world (cases/case.h).
 * Nothing that it starts outlives the warden (without a namespace: unless the program kills it),
 * and nothing here signals anybody outside.
 *
 * Prints one fact a line:
 *     end exited N | end killed N | end stalled | end deadline
 *     stranger PID unharmed|hit N            a process of somebody else, and the signal it got;
 *                                            stranger 1: the warden itself, when it was hit
 *     survivor PID STATE NAME ARGUMENTS      what was left when the program had ended
 *     member PID STATE NAME ARGUMENTS        what there was when it stalled, or at the deadline
 *     orphans N                              zombies that came to init
 *     done                                   nothing is left now
 * DIRECTORY/state has what each thread was doing when it stalled, or at the deadline. Exit status:
 * 0 the facts are complete, 77 such a world cannot be had here, 1 anything else, with a line on
 * stderr.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "look.h"

enum {
    NOT_POSSIBLE = 77,
    STRANGERS_MAX = 64,
    FILE_LIMIT = 16 << 20, /* bytes a case may write to one file */
    LOOK_MS = 50,          /* between two looks for a stall */
    STALL_LOOKS = 6,       /* so many alike, and nothing moves any more */
    SETTLE_MS = 10,        /* the same for what is left when the program has ended */
    SETTLE_LOOKS = 3,
};

struct stranger {
    pid_t pid;
    bool over; /* its number may be somebody else's by now */
    int hit;   /* the signal that ended it; 0: none has */
};

static struct {
    double deadline;
    bool stall, no_namespace;
    int pids;
    const char *directory;
    char **command;
} options = {.deadline = 10};

static struct stranger strangers[STRANGERS_MAX];
static int stranger_count, orphans;
static int init_hit; /* a signal that the program sent to us, the init */
static pid_t program;
static int program_status;
static bool program_ended;

static _Noreturn void fail(const char *what, int status) {
    fprintf(stderr, "warden: %s: %s\n", what, strerror(errno));
    exit(status);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void write_text(const char *path, const char *text, int status) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        fail(path, status);
    close(fd);
}

/* Whose descendants are looked at; 0: everybody in the namespace. */
static pid_t top(void) {
    return options.no_namespace ? getpid() : 0;
}

/* --- the program --- */

static void open_as(int fd, const char *name, int flags) {
    int opened = open(name, flags | O_CLOEXEC, 0600);
    if (opened < 0 || dup2(opened, fd) != fd)
        fail(name, 1);
    close(opened);
}

static void start_program(void) {
    program = fork();
    if (program < 0)
        fail("fork", 1);
    if (program > 0)
        return;
    struct rlimit size = {FILE_LIMIT, FILE_LIMIT}, core = {0, 0};
    sigset_t none;
    sigemptyset(&none);
    setsid();
    open_as(STDIN_FILENO, "/dev/null", O_RDONLY);
    open_as(STDOUT_FILENO, "stdout", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND);
    open_as(STDERR_FILENO, "stderr", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND);
    if (!options.no_namespace && unshare(CLONE_NEWNS) != 0) /* so that our /proc is not unmounted */
        fail("no mount namespace", 1);
    if (chdir("work") != 0)
        fail("work", 1);
    setrlimit(RLIMIT_FSIZE, &size);
    setrlimit(RLIMIT_CORE, &core);
    setenv("CASE_DIRECTORY", options.directory, 1);
    (void)syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC); /* not ours: of whoever runs us */
    sigprocmask(SIG_SETMASK, &none, NULL);
    execv(options.command[0], options.command);
    fail(options.command[0], 127);
}

/* --- strangers: processes of ours that the program has no business with --- */

static struct stranger *stranger_of(pid_t pid) {
    for (int i = 0; i < stranger_count; i++)
        if (strangers[i].pid == pid && !strangers[i].over)
            return &strangers[i];
    return NULL;
}

/* pid 0: any. The pid or -errno. */
static pid_t start_stranger(pid_t pid) {
    struct clone_args how = {.exit_signal = SIGCHLD};
    if (stranger_count == STRANGERS_MAX)
        return -ENOSPC;
    if (pid > 0) {
        how.set_tid = (uintptr_t)&pid;
        how.set_tid_size = 1;
    }
    pid_t made = (pid_t)syscall(SYS_clone3, &how, sizeof how);
    if (made < 0)
        return -errno;
    if (made == 0) {
        sigset_t all;
        int got = 0;
        sigfillset(&all); /* blocked by us: those too that are ignored otherwise */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        prctl(PR_SET_NAME, "stranger");
        sigwait(&all, &got);
        _exit(got);
    }
    strangers[stranger_count++] = (struct stranger){.pid = made};
    return made;
}

/* A signal that was sent has been taken when it returns. */
static void settle_stranger(struct stranger *s) {
    while (!s->over) {
        siginfo_t info = {0};
        if (waitid(P_PID, (id_t)s->pid, &info, WEXITED | WNOHANG) != 0)
            fail("a stranger is gone", 1);
        if (info.si_pid == s->pid) {
            s->over = true;
            s->hit = info.si_status;
        } else if (look_is_stopped(s->pid)) {
            s->hit = SIGSTOP;
            return;
        } else if (look_is_idle(s->pid)) {
            return;
        }
        sched_yield();
    }
}

static int end_stranger(pid_t pid) {
    struct stranger *s = stranger_of(pid);
    if (!s)
        return -ESRCH;
    settle_stranger(s);
    if (!s->over) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        s->over = true;
    }
    return 0;
}

/* One request a connection: "stranger PID" or "end PID"; the answer is a number, -errno for an
 * error. One connection at a time: who keeps silent keeps the others waiting, but never us.
 */
static int asker = -1;

static void serve(void) {
    char text[64], answer[16];
    int pid = 0;
    ssize_t n = recv(asker, text, sizeof text - 1, MSG_DONTWAIT);
    text[n > 0 ? n : 0] = '\0';
    if (sscanf(text, "stranger %d", &pid) == 1)
        pid = start_stranger(pid);
    else if (sscanf(text, "end %d", &pid) == 1)
        pid = end_stranger(pid);
    else
        pid = -EINVAL;
    int length = snprintf(answer, sizeof answer, "%d", pid);
    (void)send(asker, answer, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT);
    close(asker);
    asker = -1;
}

static int open_world(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    memcpy(address.sun_path, "world", sizeof "world");
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 16) != 0)
        fail("world", 1);
    return fd;
}

/* --- the witness --- */

static void reap(void) {
    siginfo_t info = {0};
    while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0 && info.si_pid != 0) {
        struct stranger *s = stranger_of(info.si_pid);
        if (s) {
            settle_stranger(s);
        } else {
            int status;
            waitpid(info.si_pid, &status, __WALL);
            if (info.si_pid == program && !program_ended) {
                program_ended = true;
                program_status = status;
            } else {
                orphans++;
            }
        }
        info.si_pid = 0;
    }
}

static bool is_stranger(pid_t pid) {
    return stranger_of(pid) != NULL;
}

/* A fork bomb is worn down: until a look finds nobody. */
static void end_everybody(void) {
    struct look look;
    do {
        if (options.no_namespace)
            look_kill_all(getpid());
        else
            kill(-1, SIGKILL);
        while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
            ;
        look_at_all(&look, top(), NULL);
        sched_yield();
    } while (look.count > 0 || waitpid(-1, NULL, WNOHANG | __WALL) >= 0);
}

/* Answers whether we are told to end. The init of a namespace is told nothing: what it gets is from
 * its terminal, or from the program, which has no business with it.
 */
static bool take_signals(int signals) {
    struct signalfd_siginfo infos[16];
    bool over = false;
    ssize_t n = read(signals, infos, sizeof infos);
    for (ssize_t i = 0; i < n / (ssize_t)sizeof infos[0]; i++) {
        int number = (int)infos[i].ssi_signo;
        if (options.no_namespace)
            over |= number == SIGTERM || number == SIGINT || number == SIGHUP || number == SIGQUIT;
        else if (infos[i].ssi_code <= 0 && infos[i].ssi_pid > 0)
            init_hit = number;
    }
    return over;
}

/* Waits until something happens, at most so long; serves and reaps. */
static void attend(int signals, int world, int alive, double seconds) {
    struct pollfd fds[] = {{.fd = signals, .events = POLLIN},
                           {.fd = asker >= 0 ? asker : world, .events = POLLIN},
                           {.fd = alive, .events = POLLIN}};
    if (poll(fds, 3, seconds < 0 ? 0 : (int)(seconds * 1000) + 1) < 0 && errno != EINTR)
        fail("poll", 1);
    bool over = fds[2].revents != 0; /* whoever runs us is gone */
    if (fds[0].revents)
        over |= take_signals(signals);
    if (fds[1].revents && asker >= 0)
        serve();
    else if (fds[1].revents)
        asker = accept4(world, NULL, NULL, SOCK_CLOEXEC);
    reap();
    if (over) {
        end_everybody();
        exit(1);
    }
}

enum end { EXITED, STALLED, DEADLINE };

static enum end watch(int signals, int world, int alive, double until) {
    struct look before = {0}, after;
    int alike = 0;
    double next = now() + LOOK_MS / 1e3;
    while (!program_ended) {
        double wake = options.stall && next < until ? next : until;
        attend(signals, world, alive, wake - now());
        if (now() >= until)
            return program_ended ? EXITED : DEADLINE;
        if (!options.stall || now() < next)
            continue;
        look_at_all(&after, top(), is_stranger);
        alike = after.count > 0 && !after.moves && after.hash == before.hash ? alike + 1 : 0;
        if (alike == STALL_LOOKS)
            return STALLED;
        before = after;
        next = now() + LOOK_MS / 1e3;
    }
    return EXITED;
}

/* What is about to end by itself is no survivor: until nothing moves. */
static void settle(int signals, int world, int alive, double until) {
    struct look before = {0}, after;
    for (int alike = 0; alike < SETTLE_LOOKS && now() < until;) {
        look_at_all(&after, top(), is_stranger);
        if (after.count == 0)
            return;
        alike = !after.moves && after.hash == before.hash ? alike + 1 : 0;
        before = after;
        attend(signals, world, alive, SETTLE_MS / 1e3);
    }
}

static void print_end(enum end end) {
    if (end == STALLED)
        puts("end stalled");
    else if (end == DEADLINE)
        puts("end deadline");
    else if (WIFEXITED(program_status))
        printf("end exited %d\n", WEXITSTATUS(program_status));
    else
        printf("end killed %d\n", WTERMSIG(program_status));
}

static void print_strangers(void) {
    for (int i = 0; i < stranger_count; i++) {
        settle_stranger(&strangers[i]);
        if (strangers[i].hit)
            printf("stranger %d hit %d\n", strangers[i].pid, strangers[i].hit);
        else
            printf("stranger %d unharmed\n", strangers[i].pid);
    }
    if (init_hit)
        printf("stranger 1 hit %d\n", init_hit);
}

static int play(int alive) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    int signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals < 0 || chdir(options.directory) != 0)
        fail(options.directory, 1);
    int world = open_world();
    double until = now() + options.deadline;
    start_program();
    enum end end = watch(signals, world, alive, until);
    print_end(end);
    if (end == EXITED)
        settle(signals, world, alive, until);
    else
        look_write_state("state", top());
    take_signals(signals);
    look_print_all(end == EXITED ? "survivor" : "member", top(), is_stranger);
    print_strangers();
    printf("orphans %d\n", orphans);
    end_everybody();
    puts("done");
    return fflush(stdout) == 0 ? 0 : 1;
}

/* --- the namespace --- */

static void map_user(uid_t uid, gid_t gid) {
    char text[32];
    snprintf(text, sizeof text, "0 %u 1", uid);
    write_text("/proc/self/uid_map", text, NOT_POSSIBLE);
    write_text("/proc/self/setgroups", "deny", NOT_POSSIBLE);
    snprintf(text, sizeof text, "0 %u 1", gid);
    write_text("/proc/self/gid_map", text, NOT_POSSIBLE);
}

static void enter_namespaces(void) {
    uid_t uid = geteuid();
    gid_t gid = getegid();
    if (unshare(CLONE_NEWPID | CLONE_NEWNS | (uid == 0 ? 0 : CLONE_NEWUSER)) != 0)
        fail(errno == ENOSPC ? "no pid namespace can be had, as many as are allowed are there"
                             : "no pid namespace can be had",
             NOT_POSSIBLE);
    if (uid != 0)
        map_user(uid, gid);
}

/* Before Linux 6.14 pid_max is everybody's. */
static void limit_pids(void) {
    struct utsname name;
    int major = 0, minor = 0;
    char text[16];
    uname(&name);
    if (sscanf(name.release, "%d.%d", &major, &minor) != 2 || major * 1000 + minor < 6014) {
        errno = ENOSYS;
        fail("no limit of processes can be set", NOT_POSSIBLE);
    }
    snprintf(text, sizeof text, "%d", options.pids);
    write_text("/proc/sys/kernel/pid_max", text, NOT_POSSIBLE);
}

static void furnish(void) {
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0)
        fail("no /proc can be mounted", NOT_POSSIBLE);
    /* What is kept there for the machine's other programs is not this world's. */
    (void)mount("none", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
    if (options.pids > 0)
        limit_pids();
}

static int hold(void) {
    int alive[2], status;
    if (pipe2(alive, O_CLOEXEC) != 0)
        fail("pipe", 1);
    if (options.no_namespace) {
        prctl(PR_SET_CHILD_SUBREAPER, 1);
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        return play(-1);
    }
    enter_namespaces();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    pid_t init = fork();
    if (init < 0)
        fail("fork", NOT_POSSIBLE);
    if (init == 0) {
        close(alive[1]);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        furnish();
        exit(play(alive[0]));
    }
    close(alive[0]);
    if (waitpid(init, &status, 0) != init)
        fail("waitpid", 1);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static bool number(const char *text, double most, double *ret_value) {
    char *end;
    *ret_value = strtod(text, &end);
    return end != text && !*end && *ret_value > 0 && *ret_value <= most;
}

int main(int argc, char **argv) {
    static const struct option longs[] = {{"deadline", required_argument, NULL, 'd'},
                                          {"stall", no_argument, NULL, 's'},
                                          {"pids", required_argument, NULL, 'p'},
                                          {"no-namespace", no_argument, NULL, 'n'},
                                          {0}};
    double value = 0;
    bool good = true;
    for (int c; (c = getopt_long(argc, argv, "+", longs, NULL)) != -1;) {
        if (c == 'd' && number(optarg, 86400, &value))
            options.deadline = value;
        else if (c == 'p' && number(optarg, 4194304, &value))
            options.pids = (int)value;
        else if (c == 's')
            options.stall = true;
        else if (c == 'n')
            options.no_namespace = true;
        else
            good = false;
    }
    if (!good || argc - optind < 3 || strcmp(argv[optind + 1], "--") != 0) {
        fputs(
            "usage: warden [--deadline=SECONDS] [--stall] [--pids=N] [--no-namespace] DIRECTORY -- "
            "PROGRAM [ARGUMENT]...\n",
            stderr);
        return 2;
    }
    options.directory = argv[optind];
    options.command = argv + optind + 2;
    return hold();
}
