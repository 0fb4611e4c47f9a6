/*
 * Tested: clone, and clone, clone3 and fork by number, with bad pointers, sizes, flags and signals:
 * what they answer, and the child that they make nevertheless. sigaction and signal with bad
 * pointers and numbers.
 */
#include <sys/syscall.h>

#include "bad.h"

/* The kernel's struct clone_args; musl comes without the kernel's headers. */
struct arguments {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
        set_tid_size, cgroup;
};

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000
#endif
#define INTO_CGROUP 0x200000000ULL

static char *pages;

static void say_child(const char *what, long pid, int error) {
    int status = UNTOUCHED;
    if (pid == 0)
        _exit(3);
    pid_t waited = waitpid(-1, &status, (int)__WALL);
    say("%s: %s, %s; %s, %s", what,
        pid > 0     ? "child"
        : pid == -1 ? "-1"
                    : "another",
        error_name(error), waited > 0 && waited == pid ? "waited" : "no child",
        status_name(status));
    errno = 0;
    int gone = waited > 0 ? kill(waited, 0) : 0;
    say("  gone: %d, %s", gone, error_name(errno));
}

/* --- clone3 --- */

struct row3 {
    const char *name;
    const void *arguments;
    size_t size;
};

static void clone3_one(const void *argument) {
    const struct row3 *row = argument;
    errno = 0;
    long pid = syscall(SYS_clone3, row->arguments, row->size);
    say_child(row->name, pid, errno);
}

static void clone3_pointers(void) {
    static const size_t sizes[] = {0, 1, 63, 64, 80, 88, 96, 4096, 4097, SIZE_MAX};
    char what[64];
    for (int kind = 0; kind < BAD_KINDS; kind++)
        for (size_t i = 0; i < COUNT(sizes); i++) {
            memset(pages, 0, BAD_PAGE);
            ((struct arguments *)(void *)pages)->exit_signal = SIGCHLD;
            if (kind == MISALIGNED)
                memmove(pages + 1, pages, sizeof(struct arguments));
            snprintf(what, sizeof what, "clone3 %s, size %zu", bad_names[kind], sizes[i]);
            void *at = bad_pointer((enum bad_kind)kind, pages);
            fate(what, clone3_one, &(struct row3){what, at, sizes[i]});
        }
    for (size_t edge = 56; edge <= 96; edge += 8)
        for (size_t size = 64; size <= 88; size += 8) {
            char *at = bad_edge(pages, edge);
            memset(at, 0, edge);
            if (edge >= 40)
                ((struct arguments *)(void *)at)->exit_signal = SIGCHLD;
            snprintf(what, sizeof what, "clone3 %zu bytes there, size %zu", edge, size);
            fate(what, clone3_one, &(struct row3){what, at, size});
        }
    memset(pages, 0, BAD_PAGE);
    pages[128] = 1; // what this kernel does not know must be zero
    fate("tail", clone3_one, &(struct row3){"clone3, unknown tail", pages, 136});
}

static void clone3_with(const char *name, struct arguments arguments) {
    fate(name, clone3_one, &(struct row3){name, &arguments, sizeof arguments});
}

static void clone3_values(void) {
    const uint64_t bad = (uintptr_t)(pages + BAD_PAGE);
    static const uint64_t signals[] = {0, 1, 17, 64, 65, 255, 256, 1ULL << 32, UINT64_MAX};
    char what[64];
    // The flags for which a plain child comes back, or none; CLONE_VM without a stack kills.
    for (int bit = 0; bit < 64; bit++) {
        uint64_t flag = (uint64_t)1 << bit;
        if (flag & (CLONE_VM | CLONE_SETTLS | CLONE_THREAD | CLONE_PTRACE | CLONE_PARENT))
            continue;
        snprintf(what, sizeof what, "clone3, bit %d", bit);
        clone3_with(what, (struct arguments){.flags = flag, .exit_signal = SIGCHLD});
    }
    for (size_t i = 0; i < COUNT(signals); i++) {
        snprintf(what, sizeof what, "clone3, signal %#llx", (unsigned long long)signals[i]);
        clone3_with(what, (struct arguments){.exit_signal = signals[i]});
    }
    clone3_with("clone3, bad pidfd",
                (struct arguments){.flags = CLONE_PIDFD, .pidfd = bad, .exit_signal = SIGCHLD});
    clone3_with("clone3, bad parent_tid", (struct arguments){.flags = CLONE_PARENT_SETTID,
                                                             .parent_tid = bad,
                                                             .exit_signal = SIGCHLD});
    clone3_with(
        "clone3, bad child_tid",
        (struct arguments){.flags = CLONE_CHILD_SETTID, .child_tid = bad, .exit_signal = SIGCHLD});
    clone3_with("clone3, stack without size", (struct arguments){.stack = bad});
    clone3_with("clone3, size without stack", (struct arguments){.stack_size = 4096});
    clone3_with("clone3, bad set_tid",
                (struct arguments){.set_tid = bad, .set_tid_size = 1, .exit_signal = SIGCHLD});
    clone3_with("clone3, set_tid size",
                (struct arguments){.set_tid = bad, .set_tid_size = 99, .exit_signal = SIGCHLD});
    clone3_with("clone3, bad cgroup",
                (struct arguments){.flags = INTO_CGROUP, .cgroup = 77, .exit_signal = SIGCHLD});
}

/* --- clone and fork by number --- */

struct row {
    const char *name;
    unsigned long flags;
    void *parent_tid, *child_tid;
};

static void clone_one(const void *argument) {
    const struct row *row = argument;
    errno = 0;
    long pid = fp_clone_by(row->flags, row->parent_tid, row->child_tid);
    say_child(row->name, pid, errno);
}

#if defined(__x86_64__) && defined(__GLIBC__)

/* The child comes back from syscall() on a stack of its own, where only the way back lies. */
static void clone_to_stack(const void *unused) {
    static long stack[4096] __attribute__((aligned(16)));
    long *top = stack + COUNT(stack) / 2;
    long number = SYS_clone, flags = SIGCHLD, tid = 0, pid;
    (void)unused;
    __asm__ volatile("lea 1f(%%rip), %%rax\n\t"
                     "mov %%rax, (%%rdx)\n\t"
                     "mov %%rsp, %%rbx\n\t"
                     "sub $136, %%rsp\n\t"
                     "and $-16, %%rsp\n\t"
                     "xor %%r8d, %%r8d\n\t"
                     "xor %%r9d, %%r9d\n\t"
                     "call syscall@PLT\n\t"
                     "1: test %%rax, %%rax\n\t"
                     "jnz 2f\n\t"
                     "mov $3, %%edi\n\t"
                     "mov %[exit], %%eax\n\t"
                     "syscall\n\t"
                     "2: mov %%rbx, %%rsp"
                     : "=a"(pid), "+D"(number), "+S"(flags), "+d"(top), "+c"(tid)
                     : [exit] "i"(SYS_exit_group)
                     : "rbx", "r8", "r9", "r10", "r11", "memory");
    say_child("SYS_clone, stack of its own", pid, 0);
}

#endif

static void clone_by_number(void) {
    static const unsigned long signals[] = {0, SIGTERM, SIGCHLD, SIGWINCH, 32, 64, 65, 127, 255};
    char what[64];
#if defined(__x86_64__) && defined(__GLIBC__)
    fate("SYS_clone, stack of its own", clone_to_stack, NULL);
#endif
    for (int bit = 8; bit < 32; bit++) {
        unsigned long flag = 1UL << bit;
        if (flag & (CLONE_VM | CLONE_SETTLS | CLONE_THREAD | CLONE_PTRACE | CLONE_PARENT))
            continue;
        snprintf(what, sizeof what, "SYS_clone, bit %d", bit);
        fate(what, clone_one, &(struct row){what, flag | SIGCHLD, pages, pages + 8});
    }
    for (size_t i = 0; i < COUNT(signals); i++) {
        snprintf(what, sizeof what, "SYS_clone, signal %lu", signals[i]);
        fate(what, clone_one, &(struct row){what, signals[i], pages, pages + 8});
    }
    for (int kind = 0; kind < BAD_KINDS; kind++) {
        void *at = bad_pointer((enum bad_kind)kind, pages);
        snprintf(what, sizeof what, "SYS_clone, parent_tid %s", bad_names[kind]);
        fate(what, clone_one, &(struct row){what, CLONE_PARENT_SETTID | SIGCHLD, at, at});
        snprintf(what, sizeof what, "SYS_clone, pidfd %s", bad_names[kind]);
        fate(what, clone_one, &(struct row){what, CLONE_PIDFD | SIGCHLD, at, at});
        snprintf(what, sizeof what, "SYS_clone, child_tid %s", bad_names[kind]);
        fate(what, clone_one, &(struct row){what, CLONE_CHILD_SETTID | SIGCHLD, at, at});
    }
}

/* --- clone --- */

struct call {
    const char *name;
    int (*start)(void *);
    void *stack;
    int flags;
    void *parent_tid;
};

static int exit_three(void *unused) {
    (void)unused;
    return 3;
}

static void call_one(const void *argument) {
    const struct call *call = argument;
    errno = 0;
    int pid = clone(call->start, call->stack, call->flags, NULL, call->parent_tid, NULL, NULL);
    say_child(call->name, pid, errno);
}

static void clone_by_name(void) {
    static char stack[65536] __attribute__((aligned(16)));
    char *top = stack + sizeof stack;
    fate("clone", call_one, &(struct call){"clone", exit_three, top, SIGCHLD, NULL});
    fate("clone", call_one, &(struct call){"clone of nothing", NULL, top, SIGCHLD, NULL});
    fate("clone", call_one, &(struct call){"clone, no stack", exit_three, NULL, SIGCHLD, NULL});
    for (int kind = ONE; kind < BAD_KINDS; kind++) {
        void *at = bad_pointer((enum bad_kind)kind, pages);
        char what[64];
        snprintf(what, sizeof what, "clone, stack %s", bad_names[kind]);
        if (kind != MISALIGNED)
            fate(what, call_one, &(struct call){what, exit_three, at, SIGCHLD, NULL});
        snprintf(what, sizeof what, "clone, parent_tid %s", bad_names[kind]);
        fate(what, call_one,
             &(struct call){what, exit_three, top, CLONE_PARENT_SETTID | SIGCHLD, at});
        snprintf(what, sizeof what, "clone, pidfd %s", bad_names[kind]);
        fate(what, call_one, &(struct call){what, exit_three, top, CLONE_PIDFD | SIGCHLD, at});
    }
    fate("clone", call_one,
         &(struct call){"clone, thread without VM", exit_three, top, CLONE_THREAD, NULL});
    fate("clone", call_one, &(struct call){"clone, bad signal", exit_three, top, 200, NULL});
    fate("clone", call_one,
         &(struct call){"clone, shared memory", exit_three, top, CLONE_VM | SIGCHLD, NULL});
}

/* --- sigaction --- */

struct action {
    int number;
    const struct sigaction *action;
    struct sigaction *old;
};

static void action_one(const void *argument) {
    const struct action *row = argument;
    errno = 0;
    int result = sigaction(row->number, row->action, row->old);
    say("sigaction %d: %d, %s", row->number, result, error_name(errno));
}

static void number_one(const void *argument) {
    const struct action *row = argument;
    errno = 0;
    long result = syscall(SYS_rt_sigaction, row->number, row->action, row->old, 8);
    say("SYS_rt_sigaction %d: %ld, %s", row->number, result, error_name(errno));
}

static void actions(void) {
    static const int numbers[] = {SIGCHLD, SIGUSR1, SIGKILL, 0, -1, 32, 64, 65};
    memset(pages, 0, BAD_PAGE);
    for (size_t i = 0; i < COUNT(numbers); i++)
        for (int kind = 0; kind < BAD_KINDS; kind++) {
            void *at = bad_pointer((enum bad_kind)kind, pages);
            char what[64];
            snprintf(what, sizeof what, "signal %d, %s", numbers[i], bad_names[kind]);
            fate(what, action_one, &(struct action){numbers[i], at, NULL});
            fate(what, action_one, &(struct action){numbers[i], NULL, at});
            fate(what, number_one, &(struct action){numbers[i], at, NULL});
            fate(what, number_one, &(struct action){numbers[i], NULL, at});
        }
    for (size_t i = 0; i < COUNT(numbers); i++) {
        errno = 0;
        bool good = signal(numbers[i], SIG_DFL) != SIG_ERR;
        say("signal %d: %s, %s", numbers[i], good ? "done" : "error", error_name(errno));
    }
    errno = 0;
    bool good = signal(SIGCHLD, SIG_ERR) != SIG_ERR;
    say("signal SIG_ERR: %s, %s", good ? "done" : "error", error_name(errno));
}

static void numbers(void) {
    static const int pids[] = {-1, 0, 1, 0x3fffff, 0x400000, 0x7fffffff};
    for (size_t i = 0; i < COUNT(pids); i++)
        for (unsigned flags = 0; flags < 4; flags++) {
            errno = 0;
            long fd = syscall(SYS_pidfd_open, pids[i], flags);
            say("pidfd_open %d, %u: %s, %s", pids[i], flags, fd < 0 ? "-1" : "descriptor",
                error_name(errno));
        }
    static const long calls[] = {-1, 999, (long)(1LL << 40)};
    for (size_t i = 0; i < COUNT(calls); i++) {
        errno = 0;
        long result = syscall(calls[i], 1, 2, 3, 4, 5, 6);
        say("call %ld: %ld, %s", calls[i], result, error_name(errno));
    }
}

static int run(int argc, char **argv) {
    (void)argc;
    (void)argv;
    pages = bad_pages();
    clone3_pointers();
    clone3_values();
    clone_by_number();
    clone_by_name();
    actions();
    numbers();
    return 0;
}

int main(int argc, char **argv) {
    return confined(run, argc, argv);
}
