/*
 * Async-signal-safety, by exhaustion: an operation of the core is run again and again, and each
 * time a signal handler runs at the next of its instructions (the processor's single step). The
 * handler waits, kills or stashes on the same thread, or lets another thread do so. Whatever the
 * instruction: every status is told exactly once, nothing hangs, no count remains.
 */
#include "suite.h"

#include <ucontext.h>
#include <unistd.h>

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define CAN_STEP 1
#else
#define CAN_STEP 0
#endif

/* Every instruction, and each by a signal of its own: minutes on a busy machine. */
TestSuite(interrupt, .timeout = 300, .init = note_descriptors, .fini = nothing_remains);

enum { CHILDREN = 2, MOST_STATUSES = 16, DONE = 2, LAST_STEP = 20000 };

/* What happens at one step, in a process of its own. */
static pid_t children[CHILDREN];
static pid_t told[MOST_STATUSES]; // the pids that waits answered
static atomic_int told_count;
static void (*interruption)(void);
static volatile long steps_left;

static void tell(long pid) {
    if (pid > 0)
        told[atomic_fetch_add(&told_count, 1)] = (pid_t)pid;
}

/* --- the step --- */

#if CAN_STEP
static void on_trap(int signal, siginfo_t *info, void *context) {
    (void)signal;
    (void)info;
    if (steps_left-- > 0)
        return;
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] &= ~0x100L;
    if (steps_left == -1)
        interruption();
}

static void set_trap_flag(bool on) {
    if (on)
        __asm__ volatile("sub $128, %%rsp; pushfq; orq $0x100, (%%rsp); popfq; add $128, %%rsp" ::
                             : "memory", "cc");
    else
        __asm__ volatile("sub $128, %%rsp; pushfq; andq $~0x100, (%%rsp); popfq; add $128, %%rsp" ::
                             : "memory", "cc");
}
#else
static void on_trap(int signal, siginfo_t *info, void *context) {
    (void)signal, (void)info, (void)context;
}
static void set_trap_flag(bool on) {
    (void)on;
}
#endif

static void run_stepped(void (*operation)(void), long step) {
    struct sigaction act = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
    sigaction(SIGTRAP, &act, NULL);
    steps_left = step;
    set_trap_flag(true);
    operation();
    set_trap_flag(false);
}

/* --- operations and interruptions --- */

static void wait_one(void) {
    tell(wait_any(WNOHANG));
}
static void wait_one_blocking(void) {
    tell(wait_any(0));
}
static void wait_first_blocking(void) {
    tell(wait_for(children[0], 0));
}
static void kill_first(void) {
    (void)signal_to(children[0], SIGTERM);
}
/* A killer that is overtaken by a wait, and so has to reap. */
static void kill_around_a_wait(void) {
    at_point(FP_POINT_BEFORE_KILL, wait_one);
    kill_first();
}

static void kill_around_a_blocking_wait(void) {
    at_point(FP_POINT_BEFORE_KILL, wait_one_blocking);
    kill_first();
}

static void kill_all(void) {
    for (int i = 0; i < CHILDREN; i++)
        (void)signal_to(children[i], SIGTERM);
}
static void stash(void) {
    fp_stash_bound(1);
}
static void register_last(void) {
    fp_fork_end(children[CHILDREN - 1], false);
}

static void wait_all(void) {
    long pid;
    while ((pid = wait_any(WNOHANG)) > 0)
        tell(pid);
}

static void wait_each(void) {
    for (int i = 0; i < CHILDREN; i++)
        tell(wait_for(children[i], WNOHANG));
}

static void wait_all_by_other(void) {
    in_thread(wait_all);
}
static void kill_all_by_other(void) {
    in_thread(kill_all);
}
static void stash_by_other(void) {
    in_thread(stash);
}

/* --- one run --- */

/* Zombies; the last one is registered by register_last, where that is the operation. */
static void make_children(bool register_later) {
    for (int i = 0; i < CHILDREN; i++) {
        fp_fork_begin();
        children[i] = awaited(bare_fork(exits));
        (void)fp_table_word_make(children[i]);
        if (i < CHILDREN - 1 || !register_later)
            fp_fork_end(children[i], false);
    }
}

static void claim_each_told_once(void) {
    for (int i = 0; i < CHILDREN; i++) {
        int times = 0;
        for (int k = 0; k < told_count; k++)
            times += told[k] == children[i];
        claim(times == 1);
        claim(signal_to(children[i], 0) == -ESRCH);
    }
    claim(told_count == CHILDREN);
}

static _Noreturn void one_run(void (*operation)(void), void (*interrupted_by)(void), long step) {
    alarm(5);
    make_children(operation == register_last);
    interruption = interrupted_by;
    note_descriptors();
    run_stepped(operation, step);
    bool done = steps_left >= 0;
    wait_all();
    claim_each_told_once();
    nothing_remains();
    _exit(done ? DONE : 0);
}

/* Every instruction of the operation; says at which one it went wrong. */
static void explore(void (*operation)(void), void (*interrupted_by)(void)) {
    if (!CAN_STEP)
        cr_skip_test("no single steps here");
    for (long step = 0; step < LAST_STEP; step++) {
        int status;
        pid_t pid = fork();
        if (pid == 0)
            one_run(operation, interrupted_by, step);
        waitpid(pid, &status, 0);
        if (WIFEXITED(status) && WEXITSTATUS(status) == DONE)
            return;
        cr_assert_eq(status, 0, "at instruction %ld: %s", step,
                     WIFSIGNALED(status) ? "hangs or dies" : "a claim does not hold");
    }
    cr_assert_fail("does not end");
}

#define INTERRUPTED_BY(operation, by)                                                              \
    Test(interrupt, operation##_is_interrupted_by_##by) {                                          \
        explore(operation, by);                                                                    \
    }

#define INTERRUPTED(operation)                                                                     \
    INTERRUPTED_BY(operation, wait_all)                                                            \
    INTERRUPTED_BY(operation, wait_each)                                                           \
    INTERRUPTED_BY(operation, kill_all)                                                            \
    INTERRUPTED_BY(operation, stash)                                                               \
    INTERRUPTED_BY(operation, wait_all_by_other)                                                   \
    INTERRUPTED_BY(operation, kill_all_by_other)                                                   \
    INTERRUPTED_BY(operation, stash_by_other)

INTERRUPTED(wait_one)
INTERRUPTED(wait_one_blocking)
INTERRUPTED(wait_first_blocking)
INTERRUPTED(kill_first)
INTERRUPTED(kill_around_a_wait)
INTERRUPTED(kill_around_a_blocking_wait)
INTERRUPTED(stash)
INTERRUPTED(register_last)
