/* What hung, and who was killed by SIGPIPE. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include "rules_stage.h"

TestSuite(rules_stall, .timeout = 60, .init = fp_stage_begin);

#define FOUND(rule) fp_stage_found(fp_rules_stall, rule)
#define QUIET() fp_stage_claim_quiet(fp_rules_stall)

/* --- stalls --- */

static void filter(void) {
    IMAGE(100, 1, "/bin/server", "server");
    fp_stage_pipe(100, 100, 3, 4, 0);
    fp_stage_pipe(100, 100, 5, 6, 0);
    fp_stage_fork(100, 100, 200);
    fp_stage_touch(200, FP_TOUCHED_DUP, 3, 0, 0);
    fp_stage_touch(200, FP_TOUCHED_DUP, 6, 1, 0);
    fp_stage_touch(200, FP_TOUCHED_CLOSE, 3, -1, 0);
}

Test(rules_stall, a_stall_gets_its_places) {
    filter();
    EVENT(FP_AUDIT_STALL, 9,
          "pipe-full-deadlock\n"
          "server (100) and filter (200) wait for each other: neither can go on\n"
          "pipe:[7] can be read by filter (200), as descriptor 0: filter\n"
          "pipe:[8] can be read by server (100), as descriptor 5: server\n",
          (struct fp_audit_stall){.pid = 100});
    const struct fp_audit *audit = fp_stage_run(fp_rules_stall);
    cr_assert_eq(audit->finding_count, 1);
    const struct fp_finding *finding = audit->findings;
    cr_assert_str_eq(finding->rule, "pipe-full-deadlock");
    cr_assert_str_eq(finding->message,
                     "server (100) and filter (200) wait for each other: neither can go on");
    cr_assert_eq(finding->evidence_count, 2);
    cr_assert_eq(finding->place_count, 3);
    cr_assert_str_eq(finding->places[0].what, "the pipe is made here");
    cr_assert_lt(finding->places[0].time, finding->places[1].time);
    cr_assert_str_eq(finding->places[2].what, "forked here");
}

Test(rules_stall, what_is_no_gotcha_is_left_out) {
    filter();
    EVENT(FP_AUDIT_STALL, 9, "nonsense\nall is well", (struct fp_audit_stall){.pid = 100});
    EVENT(FP_AUDIT_STALL, 9, "", (struct fp_audit_stall){.pid = 100});
    QUIET();
}

Test(rules_stall, numbers_of_nobody_lead_nowhere) {
    filter();
    EVENT(FP_AUDIT_STALL, 9,
          "pipe-full-deadlock\n(77777) (, (99999999999999999999) (200\n"
          "(200), as descriptor 99999999999: x\n(200), as descriptor \n(100), as descriptor 0: y",
          (struct fp_audit_stall){.pid = 100});
    const struct fp_audit *audit = fp_stage_run(fp_rules_stall);
    cr_assert_eq(audit->finding_count, 1);
    cr_assert_eq(audit->findings[0].place_count, 0);
}

/* --- SIGPIPE --- */

static void writer(void) {
    IMAGE(50, 1, "/bin/parent", "parent");
    fp_stage_fork(50, 50, 100);
}

static void reader_ends(void) {
    EVENT(FP_AUDIT_EXIT, 200, "", (struct fp_audit_exit){.how = FP_ENDED_EXIT});
}

Test(rules_stall, a_writer_whose_child_has_ended) {
    writer();
    fp_stage_pipe(100, 100, 3, 4, 0);
    fp_stage_fork(100, 100, 200);
    fp_stage_touch(100, FP_TOUCHED_CLOSE, 3, -1, 0);
    reader_ends();
    fp_stage_reaped(50, 100, SIGPIPE);
    const struct fp_audit *audit = fp_stage_run(fp_rules_stall);
    cr_assert_eq(audit->finding_count, 1);
    cr_assert_str_eq(audit->findings[0].rule, "stdin-epipe");
    cr_assert_eq(audit->findings[0].place_count, 2);
}

Test(rules_stall, a_writer_that_has_not_made_the_pipe) {
    writer();
    fp_stage_fork(100, 100, 200);
    reader_ends();
    fp_stage_reaped(50, 100, SIGPIPE);
    QUIET();
}

Test(rules_stall, a_writer_that_does_not_hold_its_pipe_any_more) {
    writer();
    fp_stage_pipe(100, 100, 3, 4, 0);
    fp_stage_fork(100, 100, 200);
    fp_stage_touch(100, FP_TOUCHED_CLOSE, 3, -1, 0);
    fp_stage_touch(100, FP_TOUCHED_CLOSE, 4, -1, 0);
    reader_ends();
    fp_stage_reaped(50, 100, SIGPIPE);
    QUIET();
}

Test(rules_stall, a_writer_that_ends_otherwise) {
    writer();
    fp_stage_pipe(100, 100, 3, 4, 0);
    fp_stage_fork(100, 100, 200);
    fp_stage_touch(100, FP_TOUCHED_CLOSE, 3, -1, 0);
    reader_ends();
    fp_stage_reaped(50, 100, SIGTERM);
    QUIET();
}
