/* What was left at the end, and forks that were refused. Which lines made them: conformance. */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "rules_stage.h"

enum { FORKPROOF = 50 };

static void begin(void) {
    fp_stage_begin();
    IMAGE(100, 1, "/usr/bin/program", "program");
}

TestSuite(rules_containment, .timeout = 60, .init = begin);

#define FOUND(rule) fp_stage_found(fp_rules_containment, rule)
#define QUIET() fp_stage_claim_quiet(fp_rules_containment)

static void child(pid_t parent, pid_t pid) {
    fp_stage_fork(parent, parent, pid);
}

static void kills(pid_t pid, int target, int number) {
    EVENT(FP_AUDIT_KILL, pid, "", (struct fp_audit_kill){.target = target, .signal = number});
}

static void ends(pid_t pid) {
    EVENT(FP_AUDIT_EXIT, pid, "", (struct fp_audit_exit){.how = FP_ENDED_EXIT});
}

/* As forkproof tells of it, after all the others. */
static void root_ended_at(uint64_t time) {
    EVENT(FP_AUDIT_ROOT, FORKPROOF, "/", (struct fp_audit_root){.pid = 100, .ended = time});
}

static void root_ends(void) {
    ends(100);
    root_ended_at(UINT64_MAX);
}

static void left_by(pid_t pid, int number, uint32_t flags) {
    EVENT(FP_AUDIT_LEFT, FORKPROOF, "server",
          (struct fp_audit_left){.pid = pid, .signal = number, .flags = flags});
}

static void left(pid_t pid) {
    left_by(pid, SIGTERM, 0);
}

/* Of the only finding, which is of that rule. */
static const struct fp_finding *only(const char *rule) {
    const struct fp_audit *audit = fp_stage_run(fp_rules_containment);
    cr_assert_eq(audit->finding_count, 1);
    cr_assert_str_eq(audit->findings[0].rule, rule);
    return &audit->findings[0];
}

/* --- daemonize-leak --- */

Test(rules_containment, a_daemon_is_told_with_its_chain) {
    child(100, 200);
    child(200, 300);
    ends(200);
    fp_stage_reaped(100, 200, 0);
    root_ends();
    left(300);
    const struct fp_finding *finding = only("daemonize-leak");
    cr_assert_eq(finding->severity, FP_ERROR);
    cr_assert_str_eq(finding->evidence[0], "started by: program 100 -> program 200 -> program 300");
}

Test(rules_containment, who_ended_before_is_not_left) {
    child(100, 200);
    ends(200);
    fp_stage_reaped(100, 200, 0);
    root_ends();
    QUIET();
}

Test(rules_containment, a_zombie_is_no_leak) {
    child(100, 200);
    root_ends();
    left_by(200, 0, FP_LEFT_ZOMBIE);
    QUIET();
}

Test(rules_containment, who_needed_no_signal_is_a_note) {
    child(100, 200);
    root_ends();
    left_by(200, 0, 0);
    cr_assert_eq(only("daemonize-leak")->severity, FP_NOTE);
}

Test(rules_containment, one_that_told_its_exit_is_no_leak) {
    child(100, 200);
    ends(200);
    root_ends();
    left(200);
    QUIET();
}

/* Having been left, it ends: asked to by forkproof, or by itself. */
static void exits_after_root(int number) {
    child(100, 200);
    ends(100);
    uint64_t ended = fp_stage_time();
    ends(200);
    root_ended_at(ended);
    left_by(200, number, 0);
}

Test(rules_containment, one_that_exits_when_it_is_asked_to_is_a_leak) {
    exits_after_root(SIGTERM);
    cr_assert_eq(FOUND("daemonize-leak"), 1);
}

Test(rules_containment, one_that_exits_unasked_is_none) {
    exits_after_root(0);
    QUIET();
}

Test(rules_containment, one_that_nobody_recorded_is_told) {
    root_ends();
    left(999);
    const struct fp_finding *finding = only("daemonize-leak");
    cr_assert_str_eq(finding->evidence[0], "started by: program 100 -> ... -> server 999");
}

/* A chain that is too long to be told begins with the program none the less. */
Test(rules_containment, a_long_chain_is_told_from_the_program_on) {
    for (pid_t pid = 101; pid < 120; pid++)
        child(pid - 1, pid);
    root_ends();
    left(119);
    const char *chain = only("daemonize-leak")->evidence[0];
    cr_assert_eq(strncmp(chain, "started by: program 100 -> ... -> program 104 -> ", 49), 0, "%s",
                 chain);
}

Test(rules_containment, what_hangs_below_one_that_was_left_is_told_with_it) {
    child(100, 200);
    child(200, 300);
    child(300, 400);
    root_ends();
    left(200);
    left(300);
    left(400);
    const struct fp_finding *finding = only("daemonize-leak");
    cr_assert_eq(finding->times, 1);
    cr_assert_str_eq(finding->evidence[1],
                     "and with it were left, of those that it had started: 2");
}

/* --- grandchild-survives-kill --- */

Test(rules_containment, a_kill_of_the_starter_leaves_a_grandchild) {
    child(100, 200);
    child(200, 300);
    kills(100, 200, SIGKILL);
    fp_stage_reaped(100, 200, SIGKILL);
    root_ends();
    left(300);
    cr_assert_eq(FOUND("grandchild-survives-kill"), 1);
}

Test(rules_containment, a_look_at_the_starter_is_no_kill) {
    child(100, 200);
    child(200, 300);
    kills(100, 200, 0);
    kills(100, 200, SIGCONT);
    ends(200);
    fp_stage_reaped(100, 200, 0);
    root_ends();
    left(300);
    cr_assert_eq(FOUND("daemonize-leak"), 1);
}

Test(rules_containment, a_kill_of_another_of_that_number_is_not_its) {
    child(100, 200);
    child(200, 300);
    ends(200);
    fp_stage_reaped(100, 200, 0);
    kills(100, 200, SIGKILL);
    root_ends();
    left(300);
    cr_assert_eq(FOUND("daemonize-leak"), 1);
}

/* --- pipeline-partial-start --- */

static void left_half(void) {
    fp_stage_pipe(100, 100, 3, 4, 0);
    child(100, 200);
    fp_stage_touch(200, FP_TOUCHED_DUP, 4, 1, 0);
}

static void closes_pipe(void) {
    fp_stage_touch(100, FP_TOUCHED_CLOSE, 3, -1, 0);
    fp_stage_touch(100, FP_TOUCHED_CLOSE, 4, -1, 0);
}

static void spawn_fails(int error) {
    EVENT(FP_AUDIT_FORK, 100, "", (struct fp_audit_fork){.child = error, .how = FP_FORKED_SPAWN});
}

Test(rules_containment, a_spawn_that_fails_leaves_half_a_pipeline) {
    left_half();
    spawn_fails(-ENOENT);
    closes_pipe();
    root_ends();
    left(200);
    const struct fp_finding *finding = only("pipeline-partial-start");
    cr_assert_not_null(strstr(finding->message, "No such file"));
}

Test(rules_containment, an_exec_that_fails_leaves_half_a_pipeline) {
    left_half();
    child(100, 300);
    closes_pipe();
    fp_stage_touch(300, FP_TOUCHED_DUP, 3, 0, 0);
    fp_stage_exec(300, "sorrt", 0, 0);
    fp_stage_exec(300, "sorrt", 0, -ENOENT);
    ends(300);
    fp_stage_reaped(100, 300, 127 << 8);
    root_ends();
    left(200);
    cr_assert_eq(FOUND("pipeline-partial-start"), 1);
}

Test(rules_containment, a_spawn_that_fails_after_a_range_was_closed) {
    left_half();
    EVENT(
        FP_AUDIT_DESCRIPTOR, 100, "",
        (struct fp_audit_descriptor){.what = FP_TOUCHED_CLOSE_RANGE, .fd = 3, .other = INT32_MAX});
    spawn_fails(-ENOENT);
    root_ends();
    left(200);
    cr_assert_eq(FOUND("daemonize-leak"), 1);
}

Test(rules_containment, a_spawn_that_fails_later_has_nothing_to_do_with_it) {
    left_half();
    closes_pipe();
    spawn_fails(-ENOENT);
    root_ends();
    left(200);
    cr_assert_eq(FOUND("daemonize-leak"), 1);
}

/* --- fork-bomb --- */

static enum fp_severity refused(int times) {
    for (int i = 0; i < times; i++)
        spawn_fails(-EAGAIN);
    return only("fork-bomb")->severity;
}

Test(rules_containment, refused_forks_are_told_once) {
    child(100, 200);
    cr_assert_eq(refused(5), FP_WARNING);
    cr_assert_str_eq(only("fork-bomb")->evidence[0], "forks in the whole run: 6, refused: 5");
}

Test(rules_containment, one_that_meets_a_limit_may_know_what_to_do) {
    cr_assert_eq(refused(2), FP_NOTE);
}

Test(rules_containment, one_that_does_not_look_at_the_answer_is_a_bomb) {
    cr_assert_eq(refused(16), FP_ERROR);
}

Test(rules_containment, a_shell_tries_again_by_itself) {
    fp_stage_begin();
    IMAGE(100, 1, "/usr/bin/bash", "bash\0x.sh");
    cr_assert_eq(refused(16), FP_WARNING);
}

static enum fp_severity refused_in_generation(int generations) {
    for (pid_t pid = 101; pid < 100 + generations; pid++)
        child(pid - 1, pid);
    EVENT(FP_AUDIT_FORK, 100, "", (struct fp_audit_fork){.child = -EAGAIN});
    EVENT(FP_AUDIT_FORK, 99 + generations, "", (struct fp_audit_fork){.child = -EAGAIN});
    return only("fork-bomb")->severity;
}

Test(rules_containment, children_that_fork_children_are_a_bomb) {
    cr_assert_eq(refused_in_generation(4), FP_ERROR);
    cr_assert_eq(only("fork-bomb")->places[0].pid, 103);
}

Test(rules_containment, a_worker_that_starts_a_helper_is_none) {
    cr_assert_eq(refused_in_generation(3), FP_NOTE);
}

/* As make does, each with arguments of its own. */
Test(rules_containment, programs_that_start_each_other_are_none) {
    IMAGE(101, 100, "/usr/bin/program", "program\0a");
    IMAGE(102, 101, "/usr/bin/program", "program\0b");
    IMAGE(103, 102, "/usr/bin/program", "program\0c");
    EVENT(FP_AUDIT_FORK, 103, "", (struct fp_audit_fork){.child = -EAGAIN});
    cr_assert_eq(only("fork-bomb")->severity, FP_NOTE);
}

Test(rules_containment, a_program_that_is_not_there_is_no_bomb) {
    spawn_fails(-ENOENT);
    QUIET();
}

/* --- nested-fork, double-fork-count --- */

enum { HERE = 0x1010, THERE = 0x1020, FRAME = 0x7000, DEEPER = 0x6f00 };

static void has_mapping(void) {
    EVENT(FP_AUDIT_MAPPING, 100, "", (struct fp_audit_mapping){.start = 0x1000, .end = 0x2000});
}

static void forks_at(uint64_t pc, uint64_t sp, pid_t parent, pid_t pid) {
    fp_stage_stack(pc, sp);
    child(parent, pid);
    fp_stage_stack(0, 0);
}

Test(rules_containment, a_child_goes_on_in_the_loop_of_its_parent) {
    has_mapping();
    forks_at(HERE, FRAME, 100, 200);
    forks_at(HERE, FRAME, 200, 300);
    forks_at(HERE, FRAME, 100, 400);
    cr_assert_eq(FOUND("nested-fork"), 1);
}

Test(rules_containment, a_child_comes_to_the_next_fork) {
    has_mapping();
    forks_at(HERE, FRAME, 100, 200);
    forks_at(THERE, FRAME, 200, 300);
    forks_at(THERE, FRAME, 100, 400);
    cr_assert_eq(FOUND("double-fork-count"), 1);
}

Test(rules_containment, a_daemon_is_forked_twice_on_purpose) {
    has_mapping();
    forks_at(HERE, FRAME, 100, 200);
    forks_at(THERE, FRAME, 200, 300);
    forks_at(HERE, FRAME, 100, 400);
    QUIET();
}

Test(rules_containment, a_child_forks_in_a_call_of_its_own) {
    has_mapping();
    forks_at(HERE, FRAME, 100, 200);
    forks_at(HERE, DEEPER, 200, 300);
    forks_at(HERE, FRAME, 100, 400);
    QUIET();
}

Test(rules_containment, one_place_of_an_interpreter_is_many_of_its_script) {
    fp_stage_begin();
    IMAGE(100, 1, "/usr/bin/perl", "perl");
    has_mapping();
    forks_at(HERE, FRAME, 100, 200);
    forks_at(HERE, FRAME, 200, 300);
    forks_at(HERE, FRAME, 100, 400);
    QUIET();
}

Test(rules_containment, without_stacks_nothing_is_said_of_places) {
    child(100, 200);
    child(200, 300);
    child(100, 400);
    QUIET();
}
