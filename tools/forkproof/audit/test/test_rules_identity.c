/* Pids, waits, kills and statuses. */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "rules_stage.h"

static void begin(void) {
    fp_stage_begin();
    IMAGE(100, 1, "/usr/bin/server", "server");
}

TestSuite(rules_identity, .timeout = 60, .init = begin);

#define FOUND(rule) fp_stage_found(fp_rules_identity, rule)
#define QUIET() fp_stage_claim_quiet(fp_rules_identity)

static void waits(pid_t pid, pid_t tid, int asked, int got, int status, unsigned options) {
    struct fp_audit_wait body = {.asked = asked, .got = got, .status = status, .options = options};
    if (got > 0)
        body.flags = FP_WAIT_HAS_STATUS;
    fp_stage_event(FP_AUDIT_WAIT, pid, tid, &body, sizeof body, "");
}

static void kills(pid_t pid, pid_t tid, int target, int number, int result) {
    struct fp_audit_kill body = {.target = target, .signal = number, .result = result};
    fp_stage_event(FP_AUDIT_KILL, pid, tid, &body, sizeof body, "");
}

static void exits(pid_t pid, int status) {
    EVENT(FP_AUDIT_EXIT, pid, "", (struct fp_audit_exit){.status = status, .how = FP_ENDED_EXIT});
}

/* Time passes: 10 ms an event, of which these say nothing. */
static void rest(int events) {
    for (int i = 0; i < events; i++)
        EVENT(FP_AUDIT_HANDLER, 100, "", (struct fp_audit_handler){.signal = SIGUSR1});
}

static void child(pid_t pid) {
    fp_stage_fork(100, 100, pid);
}

/* Of the only finding, which is of that rule. */
static int severity_of(const char *rule) {
    const struct fp_audit *audit = fp_stage_run(fp_rules_identity);
    cr_assert_eq(audit->finding_count, 1);
    cr_assert_str_eq(audit->findings[0].rule, rule);
    return (int)audit->findings[0].severity;
}

/* --- kills of pids that were reaped --- */

Test(rules_identity, a_kill_by_another_thread_than_reaped) {
    child(200);
    waits(100, 100, 200, 200, 0, 0);
    kills(100, 101, 200, SIGKILL, -ESRCH);
    cr_assert_eq(FOUND("kill-wait-race"), 1);
}

Test(rules_identity, a_kill_by_the_thread_that_reaped) {
    child(200);
    waits(100, 100, -1, 200, 0, 0);
    kills(100, 100, 200, SIGTERM, -ESRCH);
    cr_assert_eq(FOUND("recycled-pid"), 1);
}

Test(rules_identity, a_look_with_signal_0_is_a_note) {
    child(200);
    waits(100, 100, -1, 200, 0, 0);
    kills(100, 100, 200, 0, -ESRCH);
    cr_assert_eq(severity_of("recycled-pid"), FP_NOTE);
}

static int severity_in(const char *path) {
    fp_stage_begin();
    fp_stage_image(100, 1, path, "x", 2);
    child(200);
    waits(100, 100, -1, 200, 0, 0);
    kills(100, 100, 200, SIGTERM, -ESRCH);
    return severity_of("recycled-pid");
}

Test(rules_identity, a_shells_script_cannot_know) {
    cr_assert_eq(severity_in("/usr/bin/bash"), FP_WARNING);
    cr_assert_eq(severity_in("/bin/sh"), FP_WARNING);
    cr_assert_eq(severity_in("/bin/rbash"), FP_WARNING);
    cr_assert_neq(severity_in("/usr/bin/bashful"), FP_WARNING);
    cr_assert_neq(severity_in("/usr/bin/ssh"), FP_WARNING);
}

Test(rules_identity, a_kill_that_hits_after_the_wait_hits_somebody_else) {
    child(200);
    waits(100, 100, 200, 200, 0, 0);
    kills(100, 101, 200, SIGKILL, 0);
    cr_assert_eq(FOUND("kill-wait-race"), 1);
}

Test(rules_identity, a_kill_that_another_thread_waits_for) {
    child(200);
    kills(100, 101, 200, SIGKILL, 0);
    waits(100, 100, 200, 200, SIGKILL, 0);
    QUIET();
}

Test(rules_identity, a_kill_of_a_child_that_lives) {
    child(200);
    waits(100, 100, 200, 200, 0, 0);
    child(200);
    kills(100, 101, 200, SIGKILL, 0);
    waits(100, 100, 200, 200, SIGKILL, 0);
    QUIET();
}

static void stop_stale(int number, int result) {
    child(200);
    child(300);
    waits(100, 100, 200, 200, 0, 0);
    kills(300, 300, 200, number, result);
    exits(300, 0);
    waits(100, 100, 300, 300, 0, 0);
}

Test(rules_identity, a_kill_of_what_was_somebody_elses_child) {
    stop_stale(SIGTERM, 0);
    cr_assert_eq(severity_of("stale-pidfile"), FP_ERROR);
}

Test(rules_identity, a_kill_that_hits_nobody_is_less) {
    stop_stale(SIGTERM, -ESRCH);
    cr_assert_eq(severity_of("stale-pidfile"), FP_WARNING);
}

Test(rules_identity, a_stranger_has_to_ask_with_signal_0) {
    stop_stale(0, -ESRCH);
    QUIET();
}

/* --- what is no pid --- */

static void fork_fails(void) {
    EVENT(FP_AUDIT_FORK, 100, "", (struct fp_audit_fork){.child = -EAGAIN});
}

Test(rules_identity, a_kill_of_all_after_a_fork_that_failed) {
    fork_fails();
    kills(100, 100, -1, SIGTERM, 0);
    const struct fp_audit *audit = fp_stage_run(fp_rules_identity);
    cr_assert_eq(audit->finding_count, 1);
    cr_assert(audit->findings[0].severity == FP_ERROR && audit->findings[0].place_count == 2);
    cr_assert_str_eq(audit->findings[0].rule, "failed-fork-as-pid");
}

Test(rules_identity, a_kill_of_ones_own_group_is_nothing_special) {
    kills(100, 100, 0, SIGTERM, 0);
    QUIET();
}

/* --- waits that find nobody --- */

Test(rules_identity, a_wait_for_whom_a_wait_for_any_has_taken) {
    child(200);
    waits(100, 100, -1, 200, 0, WNOHANG);
    waits(100, 100, 200, -ECHILD, 0, 0);
    cr_assert_eq(FOUND("wait-any-steals"), 1);
}

Test(rules_identity, a_wait_for_whom_the_same_thread_has_taken_is_a_warning) {
    child(200);
    waits(100, 100, -1, 200, 0, WNOHANG);
    waits(100, 100, 200, -ECHILD, 0, 0);
    cr_assert_eq(severity_of("wait-any-steals"), FP_WARNING);
}

Test(rules_identity, a_wait_for_whom_another_thread_has_taken) {
    child(200);
    waits(100, 101, -1, 200, 0, WNOHANG);
    waits(100, 100, 200, -ECHILD, 0, 0);
    cr_assert_eq(severity_of("wait-any-steals"), FP_ERROR);
}

Test(rules_identity, a_wait_for_whom_another_image_has_taken) {
    child(200);
    waits(100, 100, -1, 200, 0, WNOHANG);
    IMAGE(100, 1, "/usr/bin/other", "other");
    waits(100, 100, 200, -ECHILD, 0, 0);
    cr_assert_eq(severity_of("wait-any-steals"), FP_ERROR);
}

Test(rules_identity, a_second_wait_for_the_same) {
    child(200);
    waits(100, 100, 200, 200, 0, WNOHANG);
    waits(100, 100, 200, -ECHILD, 0, 0);
    cr_assert_eq(FOUND("kill-reaps"), 1);
}

Test(rules_identity, a_second_wait_that_only_asks_is_less) {
    child(200);
    waits(100, 101, 200, 200, 0, 0);
    waits(100, 100, 200, -ECHILD, 0, WNOHANG);
    cr_assert_eq(severity_of("kill-reaps"), FP_WARNING);
}

Test(rules_identity, a_second_look_at_the_same) {
    child(200);
    waits(100, 100, 200, 200, 0, 0);
    waits(100, 100, 200, -ECHILD, 0, WNOWAIT | WEXITED);
    QUIET();
}

Test(rules_identity, a_wait_that_takes_another_threads_child) {
    child(200);
    waits(100, 100, 200, 200, 0, WNOHANG);
    fp_stage_fork(100, 101, 200);
    waits(100, 100, 200, 200, 0, 0);
    waits(100, 101, 200, -ECHILD, 0, 0);
    cr_assert_eq(FOUND("wait-steals-recycled-child"), 1);
}

Test(rules_identity, a_wait_for_nobody_whom_anybody_has_taken) {
    waits(100, 100, 200, -ECHILD, 0, 0);
    child(300);
    waits(100, 100, 300, -ECHILD, 0, 0); // SIGCHLD may be ignored
    QUIET();
}

/* --- interrupted --- */

Test(rules_identity, a_wait_that_is_not_tried_again) {
    child(200);
    waits(100, 100, 200, -EINTR, 0, 0);
    exits(200, 0);
    exits(100, 0);
    cr_assert_eq(FOUND("wait-eintr"), 1);
}

Test(rules_identity, a_wait_that_is) {
    child(200);
    waits(100, 100, 200, -EINTR, 0, 0);
    waits(100, 100, 200, 200, 0, 0);
    exits(100, 0);
    QUIET();
}

Test(rules_identity, who_is_interrupted_and_kills_its_child) {
    child(200);
    waits(100, 100, 200, -EINTR, 0, 0);
    kills(100, 100, 200, SIGTERM, 0);
    exits(100, 0);
    QUIET();
}

/* --- killed and not waited for --- */

static void kill_some(int jobs, bool is_waited_for) {
    for (int i = 0; i < jobs; i++) {
        child(200 + i);
        kills(100, 100, 200 + i, SIGKILL, 0);
        if (is_waited_for)
            waits(100, 100, 200 + i, 200 + i, SIGKILL, 0);
    }
    exits(100, 0);
}

Test(rules_identity, killed_children_that_nobody_waits_for) {
    kill_some(20, false);
    cr_assert_eq(FOUND("kill-without-wait"), 19); // it ends after the last
}

Test(rules_identity, killed_children_that_are_waited_for) {
    kill_some(20, true);
    QUIET();
}

Test(rules_identity, killed_children_of_which_the_kernel_disposes) {
    EVENT(FP_AUDIT_HANDLER, 100, "", (struct fp_audit_handler){.signal = SIGCHLD, .handler = 1});
    kill_some(20, false);
    QUIET();
}

/* --- zombies --- */

static void serve(int requests, bool at_once, int status) {
    for (int i = 0; i < requests; i++) {
        child(200 + i);
        exits(200 + i, status);
        if (at_once)
            waits(100, 100, -1, 200 + i, status << 8, WNOHANG);
    }
    for (int i = 0; i < requests && !at_once; i++)
        waits(100, 100, 200 + i, 200 + i, status << 8, 0);
    exits(100, 0);
}

Test(rules_identity, children_that_are_waited_for_only_at_the_end) {
    serve(25, false, 0);
    cr_assert_eq(severity_of("zombie-apocalypse"), FP_ERROR);
}

Test(rules_identity, as_many_as_a_busy_parent_may_have) {
    serve(19, false, 0);
    QUIET();
}

Test(rules_identity, children_that_are_waited_for_at_once) {
    serve(25, true, 3);
    QUIET();
}

static void leave(int children) {
    for (int i = 0; i < children; i++) {
        child(200 + i);
        exits(200 + i, 0);
    }
    rest(20);
    exits(100, 0);
}

Test(rules_identity, zombies_at_exit) {
    leave(3);
    cr_assert_eq(severity_of("zombie-apocalypse"), FP_WARNING);
}

Test(rules_identity, two_at_exit_are_nothing) {
    leave(2);
    QUIET();
}

/* --- statuses --- */

static void wait_blindly(int status) {
    child(200);
    EVENT(FP_AUDIT_WAIT, 100, "",
          (struct fp_audit_wait){.asked = 200,
                                 .got = 200,
                                 .status = status,
                                 .flags = FP_WAIT_HAS_STATUS | FP_WAIT_NO_POINTER});
}

Test(rules_identity, a_failure_that_nobody_asks_for) {
    wait_blindly(SIGSEGV);
    cr_assert_eq(FOUND("unchecked-status"), 1);
}

Test(rules_identity, a_success_that_nobody_asks_for) {
    wait_blindly(0);
    QUIET();
}

Test(rules_identity, whoever_kills_its_child_knows_how_it_ends) {
    child(200);
    kills(100, 100, 200, SIGTERM, 0);
    EVENT(FP_AUDIT_WAIT, 100, "",
          (struct fp_audit_wait){.asked = 200,
                                 .got = 200,
                                 .status = SIGTERM,
                                 .flags = FP_WAIT_HAS_STATUS | FP_WAIT_NO_POINTER});
    QUIET();
}

Test(rules_identity, a_failure_that_nobody_waits_for) {
    child(200);
    exits(200, 3);
    rest(200);
    exits(100, 0);
    cr_assert_eq(FOUND("unchecked-status"), 1);
}

Test(rules_identity, what_system_returned_is_a_note) {
    EVENT(FP_AUDIT_DISCARD, 100, "",
          (struct fp_audit_discard){.status = 256, .how = FP_DISCARDED_SYSTEM});
    cr_assert_eq(severity_of("unchecked-status"), FP_NOTE);
}
