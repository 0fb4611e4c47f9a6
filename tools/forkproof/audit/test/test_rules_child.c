/* Forked children that have executed nothing. What is told by stacks: conformance. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include "rules_stage.h"

static void begin(void) {
    fp_stage_begin();
    IMAGE(100, 1, "/usr/bin/program", "program");
}

TestSuite(rules_child, .timeout = 60, .init = begin);

#define FOUND(rule) fp_stage_found(fp_rules_child, rule)
#define QUIET() fp_stage_claim_quiet(fp_rules_child)

/* The parent's event comes first here, so that the child writes into a chunk that is known. */
static void child_of(pid_t tid, struct fp_audit_fork fork) {
    fp_stage_forked(100, tid, &fork);
}

static void child(uint32_t threads) {
    child_of(100, (struct fp_audit_fork){.child = 200, .threads = threads});
}

static void unsafe(const char *name, uint32_t flags) {
    EVENT(FP_AUDIT_UNSAFE, 200, name, (struct fp_audit_unsafe){.flags = flags});
}

static void exits(pid_t pid, enum fp_audit_ended how) {
    EVENT(FP_AUDIT_EXIT, pid, "", (struct fp_audit_exit){.how = how});
}

static int severity_of(const char *rule) {
    const struct fp_audit *audit = fp_stage_run(fp_rules_child);
    cr_assert_eq(audit->finding_count, 1);
    cr_assert_str_eq(audit->findings[0].rule, rule);
    return (int)audit->findings[0].severity;
}

#define CHILD_OF_THREADS (FP_UNSAFE_IN_CHILD | FP_UNSAFE_THREADED)

/* --- threads-and-fork, malloc-after-fork --- */

Test(rules_child, a_call_between_fork_and_exec) {
    child(2);
    unsafe("malloc", CHILD_OF_THREADS);
    fp_stage_exec(200, "true", 0, 0);
    cr_assert_eq(FOUND("malloc-after-fork"), 1);
}

Test(rules_child, a_call_from_which_it_does_not_come_back) {
    child(2);
    fp_stage_open(200, 3, "log", O_WRONLY);
    unsafe("malloc", CHILD_OF_THREADS);
    cr_assert_eq(FOUND("malloc-after-fork"), 1);
}

Test(rules_child, a_call_of_a_child_that_goes_on_is_the_lesser_one) {
    child(2);
    unsafe("malloc", CHILD_OF_THREADS);
    exits(200, FP_ENDED_EXIT);
    cr_assert_eq(FOUND("threads-and-fork"), 1);
}

Test(rules_child, a_child_of_threads_that_only_executes_or_ends) {
    child(2);
    fp_stage_touch(200, FP_TOUCHED_DUP, 3, 1, 0);
    fp_stage_touch(200, FP_TOUCHED_CLOSE, 3, -1, 0);
    fp_stage_exec(200, "no-such", 0, 0);
    fp_stage_exec(200, "no-such", 0, -ENOENT);
    exits(200, FP_ENDED_EXIT);
    QUIET();
}

Test(rules_child, a_child_of_threads_that_is_done_with_safe_calls) {
    child(2);
    fp_stage_open(200, 3, "program", O_WRONLY);
    fp_stage_touch(200, FP_TOUCHED_CLOSE, 3, -1, 0);
    exits(200, FP_ENDED_EXIT);
    QUIET();
}

Test(rules_child, a_lock_alone_between_fork_and_exec_is_a_note) {
    child(2);
    unsafe("pthread_mutex_lock", CHILD_OF_THREADS);
    fp_stage_exec(200, "true", 0, 0);
    cr_assert_eq(severity_of("malloc-after-fork"), FP_NOTE);
}

Test(rules_child, a_lock_alone_from_which_it_does_not_come_back_is_a_warning) {
    child(2);
    unsafe("pthread_mutex_lock", CHILD_OF_THREADS);
    cr_assert_eq(severity_of("malloc-after-fork"), FP_WARNING);
}

Test(rules_child, a_lock_and_then_something_else_between_fork_and_exec) {
    child(2);
    unsafe("pthread_mutex_lock", CHILD_OF_THREADS);
    unsafe("malloc", CHILD_OF_THREADS);
    fp_stage_exec(200, "true", 0, 0);
    cr_assert_eq(severity_of("malloc-after-fork"), FP_ERROR);
    const struct fp_audit *audit = fp_stage_run(fp_rules_child);
    cr_assert_not_null(strstr(audit->findings[0].message, " calls malloc before exec"));
}

Test(rules_child, a_lock_of_the_program_s_own_heap) {
    struct fp_frame frames[] = {{.function = "malloc", .module = "/usr/bin/program"},
                                {.function = "main", .module = "/usr/bin/program"}};
    child(2);
    FRAMES(frames);
    unsafe("pthread_mutex_lock", CHILD_OF_THREADS);
    fp_stage_frames(NULL, 0);
    fp_stage_exec(200, "true", 0, 0);
    cr_assert_eq(severity_of("malloc-after-fork"), FP_ERROR);
}

/* As gdb does to learn what the kernel can trace. */
Test(rules_child, a_child_of_threads_that_forks_and_stops_itself) {
    child(2);
    EVENT(FP_AUDIT_KILL, 200, "", (struct fp_audit_kill){.target = 200, .signal = SIGSTOP});
    fp_stage_fork(200, 200, 300);
    exits(300, FP_ENDED_EXIT);
    QUIET();
}

Test(rules_child, a_child_of_threads_that_starts_a_program) {
    child(2);
    fp_stage_forked(200, 200,
                    &(struct fp_audit_fork){.child = 300, .how = FP_FORKED_SPAWN, .threads = 1});
    cr_assert_eq(FOUND("threads-and-fork"), 1);
}

Test(rules_child, a_child_of_threads_that_signals_another) {
    child(2);
    EVENT(FP_AUDIT_KILL, 200, "", (struct fp_audit_kill){.target = 100, .signal = SIGUSR1});
    cr_assert_eq(FOUND("threads-and-fork"), 1);
}

Test(rules_child, a_child_of_threads_that_does_not_end) {
    child(2);
    fp_stage_open(200, 3, "log", O_WRONLY);
    cr_assert_eq(FOUND("threads-and-fork"), 1);
}

Test(rules_child, a_child_of_one_thread_that_goes_on) {
    child(1);
    fp_stage_open(200, 3, "log", O_WRONLY);
    exits(200, FP_ENDED_EXIT);
    QUIET();
}

/* --- exit-in-child --- */

Test(rules_child, exit_with_a_full_buffer) {
    child_of(100, (struct fp_audit_fork){.child = 200, .threads = 1, .pending = 8});
    exits(200, FP_ENDED_RETURN);
    cr_assert_eq(severity_of("exit-in-child"), FP_ERROR);
}

Test(rules_child, _exit_with_a_full_buffer) {
    child_of(100, (struct fp_audit_fork){.child = 200, .threads = 1, .pending = 8});
    exits(200, FP_ENDED_EXIT);
    QUIET();
}

Test(rules_child, exit_of_whom_its_parent_has_left_all) {
    child_of(100, (struct fp_audit_fork){.child = 200, .threads = 1, .pending = 8});
    exits(100, FP_ENDED_EXIT);
    exits(200, FP_ENDED_RETURN);
    QUIET();
}

Test(rules_child, exit_with_nothing_that_would_be_done_twice) {
    child(1);
    exits(200, FP_ENDED_RETURN);
    QUIET();
}

/* By the program itself: from a frame in its image. */
static void registers_handler(void) {
    EVENT(FP_AUDIT_MAPPING, 100, "/usr/bin/program",
          (struct fp_audit_mapping){.start = 0x1000, .end = 0x2000});
    fp_stage_stack(0x1500, 0x7000);
    EVENT(FP_AUDIT_ATEXIT, 100, "", (struct fp_audit_atexit){.handler = 0x1600});
    fp_stage_stack(0, 0);
}

Test(rules_child, exit_with_a_handler_of_the_parent) {
    registers_handler();
    child(1);
    exits(200, FP_ENDED_RETURN);
    cr_assert_eq(severity_of("exit-in-child"), FP_WARNING);
}

/* As make starts a shell, which makes a subshell: make's handlers are not there any more. */
Test(rules_child, exit_below_a_program_that_was_spawned) {
    registers_handler();
    child_of(100, (struct fp_audit_fork){.child = 200, .how = FP_FORKED_SPAWN});
    IMAGE(200, 100, "/usr/bin/sh", "sh");
    fp_stage_fork(200, 200, 300);
    exits(300, FP_ENDED_RETURN);
    QUIET();
}

/* --- pdeathsig-thread --- */

static void asks(pid_t parent, int number) {
    EVENT(FP_AUDIT_PDEATHSIG, 200, "",
          (struct fp_audit_pdeathsig){.signal = number, .parent = parent});
}

Test(rules_child, a_thread_is_no_parent) {
    child_of(101, (struct fp_audit_fork){.child = 200});
    asks(100, SIGKILL);
    cr_assert_eq(severity_of("pdeathsig-thread"), FP_WARNING);
}

Test(rules_child, a_thread_is_no_parent_and_has_ended) {
    child_of(101, (struct fp_audit_fork){.child = 200});
    asks(100, SIGKILL);
    fp_stage_reaped(100, 200, SIGKILL);
    cr_assert_eq(severity_of("pdeathsig-thread"), FP_ERROR);
}

Test(rules_child, a_member_has_sent_that_signal) {
    child_of(101, (struct fp_audit_fork){.child = 200});
    asks(100, SIGKILL);
    EVENT(FP_AUDIT_KILL, 100, "", (struct fp_audit_kill){.target = 200, .signal = SIGKILL});
    fp_stage_reaped(100, 200, SIGKILL);
    cr_assert_eq(severity_of("pdeathsig-thread"), FP_WARNING);
}

Test(rules_child, a_parent_that_is_gone_already) {
    child(1);
    asks(1, SIGKILL);
    cr_assert_eq(severity_of("pdeathsig-thread"), FP_ERROR);
}

Test(rules_child, the_main_thread_is_the_parent) {
    child(1);
    asks(100, SIGKILL);
    QUIET();
}

Test(rules_child, none_is_asked_for) {
    child_of(101, (struct fp_audit_fork){.child = 200});
    asks(100, 0);
    QUIET();
}

/* --- vfork-corrupts-parent --- */

static void vfork_child(void) {
    child_of(100, (struct fp_audit_fork){.child = 200, .how = FP_FORKED_VFORK, .threads = 1});
}

static void parent_writes(int fd) {
    fp_stage_touch(100, FP_TOUCHED_WRITE, fd, -1, -EBADF);
}

Test(rules_child, exit_in_a_vfork_child) {
    vfork_child();
    exits(200, FP_ENDED_RETURN);
    cr_assert_eq(severity_of("vfork-corrupts-parent"), FP_ERROR);
}

Test(rules_child, what_is_usual_in_a_vfork_child) {
    vfork_child();
    fp_stage_open(200, 5, "in", O_RDONLY);
    fp_stage_touch(200, FP_TOUCHED_DUP, 5, 0, 0);
    fp_stage_touch(200, FP_TOUCHED_CLOSE, 5, -1, 0);
    unsafe("malloc", FP_UNSAFE_IN_VFORK);
    fp_stage_exec(200, "no-such", 0, 0);
    fp_stage_exec(200, "no-such", 0, -ENOENT);
    exits(200, FP_ENDED_EXIT);
    QUIET();
}

Test(rules_child, a_stream_in_a_vfork_child) {
    vfork_child();
    unsafe("printf", FP_UNSAFE_IN_VFORK);
    fp_stage_exec(200, "true", 0, 0);
    cr_assert_eq(severity_of("vfork-corrupts-parent"), FP_WARNING);
}

Test(rules_child, the_parent_uses_what_only_its_vfork_child_has) {
    fp_stage_open(100, 3, "log", O_WRONLY);
    vfork_child();
    fp_stage_open(200, 4, "helper-log", O_WRONLY);
    fp_stage_exec(200, "true", 0, 0);
    parent_writes(4);
    cr_assert_eq(severity_of("vfork-corrupts-parent"), FP_ERROR);
}

Test(rules_child, the_parent_has_had_that_number_itself) {
    fp_stage_open(100, 4, "log", O_WRONLY);
    fp_stage_touch(100, FP_TOUCHED_CLOSE, 4, -1, 0);
    vfork_child();
    fp_stage_open(200, 4, "helper-log", O_WRONLY);
    fp_stage_exec(200, "true", 0, 0);
    parent_writes(4);
    QUIET();
}

/* --- what needs stacks --- */

Test(rules_child, without_stacks_no_handler_is_seen) {
    EVENT(FP_AUDIT_UNSAFE, 100, "printf", (struct fp_audit_unsafe){.flags = FP_UNSAFE_IN_HANDLER});
    QUIET();
}

Test(rules_child, without_stacks_nobody_has_left_a_function) {
    child(1);
    EVENT(FP_AUDIT_CAUGHT, 200, "", (struct fp_audit_caught){0});
    fp_stage_open(200, 3, "log", O_WRONLY);
    fp_stage_open(100, 3, "log", O_WRONLY);
    exits(200, FP_ENDED_RETURN);
    QUIET();
}

/* --- signal-semantics --- */

static void sets(enum fp_audit_handled how, uint32_t flags) {
    EVENT(FP_AUDIT_HANDLER, 100, "",
          (struct fp_audit_handler){.signal = SIGHUP, .how = how, .handler = 4096, .flags = flags});
}

Test(rules_child, a_handler_that_is_taken_away) {
    sets(FP_HANDLED_SIGNAL, (uint32_t)SA_RESETHAND);
    cr_assert_eq(severity_of("signal-semantics"), FP_WARNING);
}

Test(rules_child, a_handler_that_is_meant_to_be_taken_away) {
    sets(FP_HANDLED_SIGACTION, (uint32_t)SA_RESETHAND);
    QUIET();
}

Test(rules_child, a_handler_that_stays_in_a_program_without_lines) {
    sets(FP_HANDLED_SIGNAL, SA_RESTART);
    QUIET();
}
