/*
 * Tested: every way to send a signal, to every kind of pid, with every kind of number and siginfo,
 * in every situation of the child: running, stopped, zombie, late (a zombie that has gone into the
 * stash where the bound is 1), reaped; with SIGCHLD as it is and ignored.
 */
#include <limits.h>
#include <sched.h>
#include <sys/syscall.h>

#include "bad.h"

#define IGNORED 1 /* the kernel's SIG_IGN */

static char *pages;

/* By number: libc refuses its own two signals. */
static void ignore(int number) {
    const struct {
        uintptr_t handler;
        unsigned long flags;
        uintptr_t restorer;
        uint64_t mask;
    } action = {IGNORED, 0, 0, 0};
    if (syscall(SYS_rt_sigaction, number, &action, NULL, 8) != 0)
        abort();
}

/* --- ways to send --- */

struct target {
    pid_t pid, tid;
    int number;
    void *info;
};

static long by_kill(const struct target *t) {
    return kill(t->pid, t->number);
}
static long by_killpg(const struct target *t) {
    return t->pid == 1 ? 0 : killpg(t->pid, t->number);
}
static long by_queue(const struct target *t) {
    return sigqueue(t->pid, t->number, (union sigval){.sival_ptr = t->info});
}
static long by_tgkill(const struct target *t) {
#ifdef __GLIBC__
    return tgkill(t->pid, t->tid, t->number);
#else
    return syscall(SYS_tgkill, t->pid, t->tid, t->number);
#endif
}
static long by_number_kill(const struct target *t) {
    return syscall(SYS_kill, t->pid, t->number);
}
static long by_number_tgkill(const struct target *t) {
    return syscall(SYS_tgkill, t->pid, t->tid, t->number);
}
static long by_number_queue(const struct target *t) {
    return syscall(SYS_rt_sigqueueinfo, t->pid, t->number, t->info);
}

static const struct {
    const char *name;
    long (*send)(const struct target *);
} ways[] = {{"kill", by_kill},
            {"killpg", by_killpg},
            {"sigqueue", by_queue},
            {"tgkill", by_tgkill},
            {"SYS_kill", by_number_kill},
            {"SYS_tgkill", by_number_tgkill},
            {"SYS_rt_sigqueueinfo", by_number_queue}};

/* --- the child --- */

enum state { RUNNING, STOPPED, ZOMBIE, LATE, REAPED, STATES };
static const char *const states[] = {"running", "stopped", "zombie", "late", "reaped"};

static pid_t siblings[2];

static pid_t enter(enum state state) {
    bool runs = state == RUNNING || state == STOPPED;
    pid_t child = runs ? child_pausing() : child_exiting(7);
    siginfo_t info;
    if (state == STOPPED)
        kill(child, SIGSTOP);
    if (state == RUNNING)
        await_state(child, "S"); // libc may block signals until then
    else if (waitid(P_PID, (id_t)child, &info, WEXITED | WSTOPPED | WNOWAIT) != 0)
        while (kill(child, 0) == 0) // reaped by the kernel, it is gone for a wait first
            sched_yield();
    for (size_t i = 0; state == LATE && i < COUNT(siblings); i++)
        siblings[i] = child_pausing();
    if (state == REAPED)
        waitpid(child, NULL, 0);
    return child;
}

static void leave(enum state state, pid_t child) {
    if (state == RUNNING || state == STOPPED)
        kill(child, SIGKILL);
    for (size_t i = 0; state == LATE && i < COUNT(siblings); i++)
        kill(siblings[i], SIGKILL);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        ;
}

/* For siginfo: one good, one bad, and what needs no siginfo. */
static const int few[] = {0, SIGURG, 34, 64, 65};

static const int numbers[] = {0,  SIGURG, SIGCHLD, 32,  33, 34,      64,
                              65, 66,     128,     256, -1, INT_MIN, INT_MAX};

static void ignore_all(void) {
    for (size_t i = 0; i < COUNT(numbers); i++)
        if (numbers[i] > 0 && numbers[i] <= 64 && numbers[i] != SIGCHLD)
            ignore(numbers[i]);
}

/* The kernel's own number for a signal sent by a program. */
static void *queued(int number, int code) {
    siginfo_t *info = (siginfo_t *)(void *)pages;
    memset(info, 0, sizeof *info);
    info->si_signo = number;
    info->si_code = code;
    info->si_pid = getpid();
    return info;
}

static void send(const char *who, enum state state, size_t way, struct target target) {
    errno = 0;
    long result = ways[way].send(&target);
    say("%s, %s, %s, %d: %ld, %s", states[state], who, ways[way].name, target.number, result,
        error_name(errno));
}

static void numbers_to(const char *who, enum state state, size_t way, pid_t pid, pid_t tid) {
    for (size_t i = 0; i < COUNT(numbers); i++)
        send(who, state, way, (struct target){pid, tid, numbers[i], queued(numbers[i], SI_QUEUE)});
}

static void to_child(enum state state) {
    pid_t child = enter(state);
    for (size_t way = 0; way < COUNT(ways); way++) {
        numbers_to("child", state, way, child, child);
        numbers_to("its group", state, way, -child, child);
    }
    leave(state, child);
}

/* Threads that are not the child's, or none. */
static void to_threads(enum state state) {
    pid_t child = enter(state);
    const pid_t tids[] = {0, -1, INT_MIN, INT_MAX, 1, getpid(), 0x3fffff};
    static const char *const names[] = {"tid 0", "tid -1",  "tid INT_MIN", "tid INT_MAX",
                                        "tid 1", "own tid", "no tid"};
    for (size_t way = 0; way < COUNT(ways); way++) {
        bool by_thread = ways[way].send == by_tgkill || ways[way].send == by_number_tgkill;
        for (size_t i = 0; by_thread && i < COUNT(tids); i++)
            numbers_to(names[i], state, way, child, tids[i]);
    }
    leave(state, child);
}

/* What rt_sigqueueinfo reads, and what it must not be told. */
static void infos(enum state state) {
    static const int codes[] = {SI_QUEUE, SI_USER,    SI_KERNEL, SI_TKILL,
                                SI_MESGQ, CLD_EXITED, INT_MIN};
    pid_t child = enter(state);
    size_t way = COUNT(ways) - 1;
    char what[64];
    for (int kind = 0; kind < BAD_KINDS; kind++)
        for (size_t n = 0; n < COUNT(few); n++) {
            queued(0, SI_QUEUE);
            void *info = bad_pointer((enum bad_kind)kind, pages);
            if (kind == MISALIGNED)
                memmove(info, pages, sizeof(siginfo_t));
            snprintf(what, sizeof what, "info %s", bad_names[kind]);
            send(what, state, way, (struct target){child, 0, few[n], info});
        }
    for (size_t i = 0; i < COUNT(codes); i++)
        for (size_t n = 0; n < COUNT(few); n++) {
            snprintf(what, sizeof what, "code %d", codes[i]);
            send(what, state, way, (struct target){child, 0, few[n], queued(few[n], codes[i])});
            snprintf(what, sizeof what, "code %d, another number", codes[i]);
            send(what, state, way, (struct target){child, 0, few[n], queued(few[n] + 1, codes[i])});
        }
    send("info to the edge", state, way,
         (struct target){child, 0, SIGURG, bad_edge(pages, sizeof(siginfo_t) - 1)});
    leave(state, child);
}

static void to_others(void) {
    const pid_t pids[] = {INT_MIN, INT_MIN + 1, -0x400000, -0x3fffff, -1,       0,
                          1,       getpid(),    0x3fffff,  0x400000,  0x400001, INT_MAX};
    static const char *const names[] = {"INT_MIN",   "INT_MIN + 1", "-2^22",    "1 - 2^22",
                                        "everybody", "own group",   "init",     "self",
                                        "2^22 - 1",  "2^22",        "2^22 + 1", "INT_MAX"};
    pid_t child = enter(RUNNING);
    for (size_t way = 0; way < COUNT(ways); way++)
        for (size_t i = 0; i < COUNT(pids); i++)
            numbers_to(names[i], RUNNING, way, pids[i], pids[i]);
    leave(RUNNING, child);
}

/* What the child is told: sigwaitinfo's siginfo. */
static void told(const char *what, long (*send_by)(const struct target *), int code) {
    sigset_t set;
    siginfo_t info;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        int number = sigwaitinfo(&set, &info);
        say("%s: %d, code %d, signo %d, sender %s, value %d", what, number, info.si_code,
            info.si_signo, whose(info.si_pid, parent), info.si_value.sival_int);
        _exit(0);
    }
    siginfo_t *sent = queued(SIGUSR2, code);
    sent->si_value.sival_int = 42;
    send_by(&(struct target){child, child, SIGUSR1, sent});
    waitpid(child, NULL, 0);
}

static void all_told(void) {
    told("kill", by_kill, SI_QUEUE);
    told("tgkill", by_tgkill, SI_QUEUE);
    told("SYS_rt_sigqueueinfo", by_number_queue, SI_QUEUE);
    told("SYS_rt_sigqueueinfo, another code", by_number_queue, SI_MESGQ);
}

static void nothing_may_be_queued(void) {
    static const enum state some[] = {RUNNING, ZOMBIE, LATE, REAPED};
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_SIGPENDING, &none);
    say("nothing may be queued");
    for (size_t i = 0; i < COUNT(some); i++)
        to_child(some[i]);
    handle(SIGCHLD, SIG_IGN, 0);
    to_child(RUNNING);
}

static int run(int argc, char **argv) {
    (void)argc;
    (void)argv;
    pages = bad_pages();
    ignore_all();
    for (int ignored = 0; ignored < 2; ignored++) {
        handle(SIGCHLD, ignored ? SIG_IGN : SIG_DFL, 0);
        say("SIGCHLD %s", ignored ? "ignored" : "as it is");
        for (int state = 0; state < STATES; state++) {
            if (ignored && (state == ZOMBIE || state == LATE))
                continue; // there is none
            to_child((enum state)state);
            to_threads((enum state)state);
            infos((enum state)state);
        }
        all_told();
    }
    to_others();
    nothing_may_be_queued();
    return 0;
}

/* Everybody there ignores what is sent to everybody. */
int main(int argc, char **argv) {
    ignore_all();
    return confined(run, argc, argv);
}
