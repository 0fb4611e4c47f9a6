/*
 * Async-signal-safety, by exhaustion: an operation of the core is run again and again, and each
 * time a signal handler runs at the next of its instructions. The handler waits, kills or stashes
 * on the same thread, or lets another thread do so. Whatever the instruction: every status is told
 * exactly once, nothing hangs, no count remains.
 */
#include "suite.h"

#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define CAN_STEP 1
#else
#define CAN_STEP 0
#endif

TestSuite(interrupt, .timeout = 300, .init = note_descriptors, .fini = nothing_remains);

enum { CHILDREN = 2, MOST_STATUSES = 16, MISSED = 2, MOST_STEPS = 20000 };
enum { BREAKPOINT = 0xcc, TRAP_FLAG = 0x100 }; // int3, and the processor's single step

/* What happens at one step, in a process of its own. */
static pid_t children[CHILDREN];
static pid_t told[MOST_STATUSES]; // the pids that waits answered
static atomic_int told_count;
static void (*interruption)(void);

static void tell(long pid) {
    if (pid > 0)
        told[atomic_fetch_add(&told_count, 1)] = (pid_t)pid;
}

/* --- the step --- */

/*
 * The first run of an operation goes by single steps and writes down where it comes by. In each
 * later one a breakpoint stands where the step in question was, to be passed as often as before:
 * single steps up to there would take minutes.
 */
struct trace {
    atomic_long length;
    unsigned char *places[MOST_STEPS];
};
static struct trace *trace;

#if CAN_STEP
static unsigned char *breakpoint, *passed;
static unsigned char original;
static long times_left; // that it is to be passed yet
static volatile bool inside;

static __attribute__((noinline)) void perform(void (*operation)(void)) {
    inside = true;
    operation();
    inside = false;
}

static void set_trap_flag(bool on) {
    if (on)
        __asm__ volatile("sub $128, %%rsp; pushfq; orq $0x100, (%%rsp); popfq; add $128, %%rsp" ::
                             : "memory", "cc");
    else
        __asm__ volatile("sub $128, %%rsp; pushfq; andq $~0x100, (%%rsp); popfq; add $128, %%rsp" ::
                             : "memory", "cc");
}

static void on_step(int signal, siginfo_t *info, void *context) {
    const greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    (void)signal;
    (void)info;
    if (!inside)
        return;
    if (trace->length < MOST_STEPS)
        trace->places[trace->length] = (unsigned char *)registers[REG_RIP];
    trace->length++;
}

/* At the breakpoint itself, or, where it was passed, at the next step. */
static void on_breakpoint(int signal, siginfo_t *info, void *context) {
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    (void)signal;
    (void)info;
    if (passed) {
        *passed = BREAKPOINT;
        passed = NULL;
        registers[REG_EFL] &= ~TRAP_FLAG;
        return;
    }
    registers[REG_RIP]--;
    *breakpoint = original;
    if (times_left-- > 0) {
        passed = breakpoint;
        registers[REG_EFL] |= TRAP_FLAG;
        return;
    }
    interruption();
}

static void set_handler(void (*handler)(int, siginfo_t *, void *)) {
    struct sigaction act = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGTRAP, &act, NULL);
}

static void run_tracing(void (*operation)(void)) {
    set_handler(on_step);
    set_trap_flag(true);
    perform(operation);
    set_trap_flag(false);
}

static void set_breakpoint(long step) {
    uintptr_t page = 4096;
    breakpoint = trace->places[step];
    original = *breakpoint;
    for (long i = 0; i < step; i++)
        times_left += trace->places[i] == breakpoint;
    void *at = (void *)((uintptr_t)breakpoint & ~(page - 1)); // NOLINT(performance-no-int-to-ptr)
    claim(mprotect(at, page, PROT_READ | PROT_WRITE | PROT_EXEC) == 0);
    set_handler(on_breakpoint);
    *breakpoint = BREAKPOINT;
}

/* The operation may come by less often, where it looks for a number: then it is not interrupted. */
static bool run_interrupted(void (*operation)(void), long step) {
    set_breakpoint(step);
    perform(operation);
    *breakpoint = original;
    return times_left < 0;
}
#else
static void run_tracing(void (*operation)(void)) {
    (void)operation;
}
static bool run_interrupted(void (*operation)(void), long step) {
    (void)operation, (void)step;
    return false;
}
#endif

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

/* Traces without an interruption; else, exit status MISSED says that there was none. */
static _Noreturn void one_run(void (*operation)(void), void (*interrupted_by)(void), long step) {
    bool missed = false;
    alarm(5);
    make_children(operation == register_last);
    interruption = interrupted_by;
    note_descriptors();
    if (interrupted_by)
        missed = !run_interrupted(operation, step);
    else
        run_tracing(operation);
    wait_all();
    claim_each_told_once();
    nothing_remains();
    _exit(missed ? MISSED : 0);
}

static int status_of_run(void (*operation)(void), void (*interrupted_by)(void), long step) {
    int status = -1;
    pid_t pid = fork();
    if (pid == 0)
        one_run(operation, interrupted_by, step);
    waitpid(pid, &status, 0);
    return status;
}

/* A loop over numbers may be shorter another time. */
static bool comes_by_before(long step) {
    for (long i = 0; i < step; i++)
        if (trace->places[i] == trace->places[step])
            return true;
    return false;
}

/* Every instruction of the operation. False when it went another way at first than ever since. */
static bool explored(void (*operation)(void), void (*interrupted_by)(void)) {
    trace->length = 0;
    cr_assert_eq(status_of_run(operation, NULL, 0), 0, "without an interruption");
    cr_assert(trace->length > 100 && trace->length < MOST_STEPS, "%ld steps", trace->length);
    for (long step = 0; step < trace->length; step++) {
        int status = status_of_run(operation, interrupted_by, step);
        bool missed = WIFEXITED(status) && WEXITSTATUS(status) == MISSED;
        if (missed && !comes_by_before(step))
            return false;
        cr_assert(missed || status == 0, "at instruction %ld: %s", step,
                  WIFSIGNALED(status) ? "hangs or dies" : "a claim does not hold");
    }
    return true;
}

/* The way depends on the children's numbers: some stand at the end of a word of a set. */
static void explore(void (*operation)(void), void (*interrupted_by)(void)) {
    int times = 10;
    if (!CAN_STEP)
        cr_skip_test("no single steps here");
    trace = mmap(NULL, sizeof *trace, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    while (times-- > 0)
        if (explored(operation, interrupted_by))
            return;
    cr_assert_fail("never goes the same way");
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
