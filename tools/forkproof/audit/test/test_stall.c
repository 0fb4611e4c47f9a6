/* Which gotcha a stall is, and that it is told while it lasts. */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>

#include "facts.h"
#include "stall.h"
#include "waits_stage.h"

TestSuite(stall, .init = set_up, .fini = tear_down, .timeout = 60);

static const char *rule;

static enum fp_stall_kind judge(void scene(void)) {
    play("root", scene);
    find_cycle();
    cr_assert_eq(cycles.count, 1);
    return fp_stall_judge(&second, &cycles.at[0], shared->pids[0], &rule);
}

static void expect(const char *wanted, void scene(void)) {
    cr_expect_eq(judge(scene), FP_STALL_NAMED);
    cr_expect_str_eq(rule, wanted);
}

static void fill(int fd) {
    for (;;)
        (void)!write(fd, buffer, sizeof buffer);
}

static void drain(int fd) {
    while (read(fd, buffer, 64) > 0)
        ;
}

static void idle(void) {
    for (;;)
        pause();
}

/* --- what is wrong --- */

Test(stall, two_that_fill_each_others_pipes) {
    expect("pipe-full-deadlock", two_pipes);
}

Test(stall, one_that_holds_a_writing_end_itself) {
    expect("pipe-writer-left-open", own_writing_end);
}

static void own_reading_end(void) {
    int ends[2];
    make_pipe(ends, 0);
    fill(ends[1]);
}

Test(stall, one_that_holds_a_reading_end_itself) {
    expect("pipe-reader-left-open", own_reading_end);
}

/* The child's input never ends, because its parent, who waits for it, holds the writing end. */
static void parent_waits_with_writing_end(void) {
    int ends[2];
    make_pipe(ends, 0);
    if (begin("child") == 0) {
        close(ends[1]);
        drain(ends[0]);
        _exit(0);
    }
    waitpid(-1, NULL, 0);
}

Test(stall, a_parent_that_waits_and_holds_the_childs_input) {
    expect("pipe-writer-left-open", parent_waits_with_writing_end);
}

static void parent_waits_before_it_reads(void) {
    int ends[2];
    make_pipe(ends, 0);
    if (begin("child") == 0) {
        close(ends[0]);
        fill(ends[1]);
    }
    close(ends[1]);
    waitpid(-1, NULL, 0);
}

Test(stall, a_parent_that_waits_before_it_reads) {
    expect("pipe-full-deadlock", parent_waits_before_it_reads);
}

/* first waits for second, second to be read, the root for first. */
static void captured_in_turn(void) {
    int talk[2], one[2], two[2];
    make_pipe(talk, 0);
    make_pipe(one, 1);
    make_pipe(two, 2);
    if (begin("first") == 0) {
        close(talk[1]), close(one[0]), close(two[0]), close(two[1]);
        drain(talk[0]);
        _exit(0);
    }
    if (begin("second") == 0) {
        close(talk[0]), close(one[0]), close(one[1]), close(two[0]);
        fill(two[1]);
    }
    close(talk[0]), close(talk[1]), close(one[1]), close(two[1]);
    drain(one[0]);
}

Test(stall, children_captured_in_turn) {
    expect("sequential-capture", captured_in_turn);
}

static void start_grandchild(const int ends[2]) {
    pid_t child = begin("child");
    if (child == 0) {
        close(ends[0]);
        if (begin("grandchild") == 0) {
            prctl(PR_SET_PDEATHSIG, 0);
            idle();
        }
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

static void orphan_holds_pipe(void) {
    int ends[2];
    make_pipe(ends, 0);
    start_grandchild(ends);
    close(ends[1]);
    drain(ends[0]);
}

Test(stall, an_orphan_that_holds_the_pipe) {
    expect("wait-blocks-on-held-pipe", orphan_holds_pipe);
}

/* A sibling has it by chance; it is none of its standard descriptors. */
static void sibling_holds_pipe(void) {
    int ends[2];
    make_pipe(ends, 0);
    if (begin("server") == 0)
        idle();
    pid_t reader = begin("reader");
    if (reader == 0) {
        close(ends[1]);
        drain(ends[0]);
        _exit(0);
    }
    close(ends[0]), close(ends[1]);
    waitpid(reader, NULL, 0);
}

Test(stall, a_sibling_that_holds_the_pipe_and_does_not_know) {
    expect("pipe-writer-left-open", sibling_holds_pipe);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void lock_in_child(void) {
    pthread_mutex_lock(&mutex);
    pid_t child = begin("child");
    if (child == 0)
        pthread_mutex_lock(&mutex);
    waitpid(child, NULL, 0);
}

Test(stall, a_lock_that_a_forked_child_will_never_get) {
    for (int sig = 1; sig < 32; sig++) /* the test has handlers */
        signal(sig, SIG_DFL);
    expect("threads-and-fork", lock_in_child);
}

static void take_lock(int sig) {
    (void)sig;
    pthread_mutex_lock(&mutex);
}

static void lock_in_handler(void) {
    signal(SIGUSR1, take_lock);
    pthread_mutex_lock(&mutex);
    raise(SIGUSR1);
}

Test(stall, a_lock_in_a_handler) {
    expect("unsafe-in-handler", lock_in_handler);
}

/* --- what may be meant --- */

/* server | logger: the server waits for somebody outside. */
static void server_and_logger(void) {
    int ends[2];
    make_pipe(ends, 0);
    if (begin("server") == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]), close(ends[1]);
        idle();
    }
    if (begin("logger") == 0) {
        close(ends[1]);
        drain(ends[0]);
        _exit(0);
    }
    close(ends[0]), close(ends[1]);
    waitpid(-1, NULL, 0);
}

Test(stall, server_and_its_logger_are_meant) {
    cr_expect_eq(judge(server_and_logger), FP_STALL_MEANT);
}

/* The child notices the end of its parent by the end of the pipe. */
static void lifeline(void) {
    int ends[2];
    make_pipe(ends, 0);
    if (begin("child") == 0) {
        close(ends[1]);
        drain(ends[0]);
        _exit(0);
    }
    idle();
}

Test(stall, a_lifeline_is_meant) {
    cr_expect_eq(judge(lifeline), FP_STALL_MEANT);
}

static void self_pipe(void) {
    int ends[2];
    make_pipe(ends, 0);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    drain(ends[0]);
}

Test(stall, a_self_pipe_is_meant) {
    cr_expect_eq(judge(self_pipe), FP_STALL_MEANT);
}

/* A handler may release it. */
static void lock_with_handler(void) {
    signal(SIGUSR1, SIG_DFL);
    signal(SIGTERM, take_lock);
    lock_in_child();
}

Test(stall, a_lock_that_a_handler_may_release_is_meant) {
    cr_expect_eq(judge(lock_with_handler), FP_STALL_MEANT);
}

/* --- told while it lasts --- */

static struct fp_facts facts;
static struct fp_stall stall = FP_STALL_CLOSED;

/* What it says, to its end, which is that of the stall's descriptor. */
static void read_told(int fd) {
    size_t length = 0;
    for (ssize_t n; (n = read(fd, buffer + length, sizeof buffer - 1 - length)) > 0;)
        length += (size_t)n;
    buffer[length] = '\0';
}

static int start_looking(int64_t after_ns, bool ends) {
    int told[2];
    cr_assert_eq(pipe2(told, O_CLOEXEC), 0);
    facts.supervisor = getpid();
    facts.root = shared->pids[0];
    stall.after_ns = after_ns;
    stall.ends = ends;
    stall.facts = &facts;
    stall.stderr_fd = told[1];
    cr_assert_eq(fp_stall_start(&stall), 0);
    return told[0];
}

Test(stall, told_once_and_kept) {
    play("root", two_pipes);
    int told = start_looking(200000000, true);
    poll(&(struct pollfd){.fd = stall.over_fd, .events = POLLIN}, 1, -1);
    cr_expect(fp_stall_ends_run(&stall));
    cr_expect_not(fp_stall_ends_run(&stall));
    fp_stall_stop(&stall);
    close(stall.stderr_fd);
    read_told(told);
    cr_expect(strstr(buffer, "forkproof: this has not moved for 200ms: "));
    cr_expect(strstr(buffer, "forkproof explain pipe-full-deadlock\n"));
    cr_assert_eq(fp_stall_count(&stall), 1);
    const struct fp_stalled *kept = fp_stall_get(&stall, 0);
    snprintf(buffer, sizeof buffer, "%.*s", (int)kept->length, kept->text);
    cr_expect(strncmp(buffer, "pipe-full-deadlock\n", 19) == 0);
    cr_expect(strstr(buffer, ": neither can go on\n"));
    cr_expect(strstr(buffer, ", as descriptor "));
    cr_expect_neq(buffer[kept->length - 1], '\n');
    cr_expect_gt(kept->pid, 0);
    cr_expect_gt(kept->time, 0);
    close(told);
}

Test(stall, does_not_end_what_it_is_not_asked_to) {
    play("root", own_writing_end);
    int told = start_looking(100000000, false);
    poll(&(struct pollfd){.fd = told, .events = POLLIN}, 1, -1);
    fp_stall_stop(&stall);
    cr_expect_not(fp_stall_ends_run(&stall));
    cr_expect_eq(fp_stall_count(&stall), 1);
    close(told);
    close(stall.stderr_fd);
}

Test(stall, never_is_never) {
    cr_expect_eq(fp_stall_start(&stall), 0);
    cr_expect_not(stall.is_running);
    fp_stall_stop(&stall);
    cr_expect_eq(fp_stall_count(&stall), 0);
}
