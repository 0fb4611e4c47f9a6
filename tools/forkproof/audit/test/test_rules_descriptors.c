/* Descriptors that are not open, and those that leak. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "rules_stage.h"

TestSuite(rules_descriptors, .timeout = 60, .init = fp_stage_begin);

#define FOUND(rule) fp_stage_found(fp_rules_descriptors, rule)
#define QUIET() fp_stage_claim_quiet(fp_rules_descriptors)

static void server(void) {
    IMAGE(100, 1, "/usr/bin/server", "server");
}

/* --- numbers that are not open --- */

Test(rules_descriptors, a_read_of_an_end_closed_while_the_other_is_open) {
    server();
    fp_stage_pipe(100, 100, 3, 4, 0);
    fp_stage_touch(100, FP_TOUCHED_CLOSE, 3, -1, 0);
    fp_stage_touch(100, FP_TOUCHED_READ, 3, -1, -EBADF);
    cr_assert_eq(FOUND("close-wrong-end"), 1);
}

Test(rules_descriptors, a_write_to_the_reading_end) {
    server();
    fp_stage_pipe(100, 100, 3, 4, 0);
    fp_stage_touch(100, FP_TOUCHED_WRITE, 3, -1, -EBADF);
    cr_assert_eq(FOUND("close-wrong-end"), 1);
}

Test(rules_descriptors, a_child_closes_an_end_and_copies_it) {
    server();
    fp_stage_pipe(100, 100, 3, 4, 0);
    fp_stage_fork(100, 100, 200);
    fp_stage_touch(200, FP_TOUCHED_CLOSE, 4, -1, 0);
    fp_stage_touch(200, FP_TOUCHED_DUP, 4, 1, -EBADF);
    cr_assert_eq(FOUND("close-wrong-end"), 1);
}

Test(rules_descriptors, a_write_after_both_ends_are_closed) {
    server();
    fp_stage_pipe(100, 100, 3, 4, 0);
    fp_stage_touch(100, FP_TOUCHED_CLOSE, 3, -1, 0);
    fp_stage_touch(100, FP_TOUCHED_CLOSE, 4, -1, 0);
    fp_stage_touch(100, FP_TOUCHED_WRITE, 4, -1, -EBADF);
    const struct fp_audit *audit = fp_stage_run(fp_rules_descriptors);
    cr_assert_eq(audit->finding_count, 1);
    cr_assert_str_eq(audit->findings[0].rule, "use-after-close");
    cr_assert_str_eq(audit->findings[0].message,
                     "server 100 writes to descriptor 4, which is not open any more");
    cr_assert_eq(audit->findings[0].place_count, 3);
}

static void closes_range(pid_t pid, int first, unsigned flags) {
    EVENT(FP_AUDIT_DESCRIPTOR, pid, "",
          (struct fp_audit_descriptor){
              .what = FP_TOUCHED_CLOSE_RANGE, .fd = first, .other = INT32_MAX, .flags = flags});
}

Test(rules_descriptors, a_read_after_a_range_is_closed) {
    server();
    fp_stage_pipe(100, 100, 3, 4, 0);
    closes_range(100, 3, 0);
    fp_stage_touch(100, FP_TOUCHED_READ, 3, -1, -EBADF);
    const struct fp_audit *audit = fp_stage_run(fp_rules_descriptors);
    cr_assert_eq(audit->finding_count, 1);
    cr_assert_str_eq(audit->findings[0].rule, "use-after-close");
    cr_assert_eq(audit->findings[0].place_count, 3);
    cr_assert_eq(audit->findings[0].evidence_count, 0);
}

Test(rules_descriptors, a_read_below_a_range_that_is_closed) {
    server();
    fp_stage_pipe(100, 100, 3, 4, 0);
    closes_range(100, 4, 0);
    fp_stage_touch(100, FP_TOUCHED_WRITE, 4, -1, -EBADF);
    cr_assert_eq(FOUND("close-wrong-end"), 1);
}

Test(rules_descriptors, a_range_that_is_marked_does_not_leak) {
    server();
    fp_stage_open(100, 5, "/etc/hosts", O_RDONLY);
    closes_range(100, 3, FP_TOUCHED_ON_EXEC);
    fp_stage_fork(100, 100, 200);
    fp_stage_inherited(200, 5, S_IFREG);
    fp_stage_exec(200, "/usr/bin/job", 0, 0);
    QUIET();
}

Test(rules_descriptors, a_program_that_closes_what_it_was_given) {
    server();
    fp_stage_open(100, 5, "/etc/hosts", O_RDONLY);
    fp_stage_fork(100, 100, 200);
    fp_stage_inherited(200, 5, S_IFREG);
    fp_stage_exec(200, "/usr/bin/job", 0, 0);
    IMAGE(200, 100, "/usr/bin/job", "job");
    closes_range(200, 3, 0);
    QUIET();
}

Test(rules_descriptors, a_stream_of_popen_leaks) {
    server();
    fp_stage_pipe(100, 100, -1, 4, 0);
    fp_stage_fork(100, 100, 200);
    fp_stage_inherited(200, 4, S_IFIFO);
    fp_stage_exec(200, "/usr/bin/job", 0, 0);
    cr_assert_eq(FOUND("fd-leak"), 1);
}

Test(rules_descriptors, a_second_close) {
    server();
    fp_stage_open(100, 5, "/etc/hosts", O_RDONLY);
    fp_stage_touch(100, FP_TOUCHED_CLOSE, 5, -1, 0);
    fp_stage_touch(100, FP_TOUCHED_CLOSE, 5, -1, -EBADF);
    cr_assert_eq(FOUND("use-after-close"), 1);
}

Test(rules_descriptors, a_second_close_in_a_forked_child) {
    server();
    fp_stage_open(100, 5, "/etc/hosts", O_RDONLY);
    fp_stage_touch(100, FP_TOUCHED_CLOSE, 5, -1, 0);
    fp_stage_fork(100, 100, 200);
    fp_stage_touch(200, FP_TOUCHED_CLOSE, 5, -1, -EBADF);
    cr_assert_eq(FOUND("use-after-close"), 1);
}

Test(rules_descriptors, a_second_close_right_before_an_exec_is_a_note) {
    server();
    fp_stage_open(100, 5, "/etc/hosts", O_RDONLY);
    fp_stage_fork(100, 100, 200);
    fp_stage_touch(200, FP_TOUCHED_CLOSE, 5, -1, 0);
    fp_stage_touch(200, FP_TOUCHED_CLOSE, 5, -1, -EBADF);
    fp_stage_exec(200, "/usr/bin/job", 0, 0);
    const struct fp_audit *audit = fp_stage_run(fp_rules_descriptors);
    cr_assert_eq(audit->finding_count, 1);
    cr_assert_eq(audit->findings[0].severity, FP_NOTE);
}

static void child_of(uint32_t threads, enum fp_audit_forked how) {
    fp_stage_forked(
        100, 100, &(struct fp_audit_fork){.child = 200, .how = (uint32_t)how, .threads = threads});
}

static void second_close(uint32_t threads, enum fp_audit_forked how, enum fp_severity severity) {
    server();
    fp_stage_open(100, 5, "/etc/hosts", O_RDONLY);
    fp_stage_touch(100, FP_TOUCHED_CLOSE, 5, -1, 0);
    child_of(threads, how);
    fp_stage_touch(200, FP_TOUCHED_CLOSE, 5, -1, -EBADF);
    const struct fp_audit *audit = fp_stage_run(fp_rules_descriptors);
    cr_assert_eq(audit->finding_count, 1);
    cr_assert_str_eq(audit->findings[0].rule, "use-after-close");
    cr_assert_eq(audit->findings[0].severity, severity);
}

Test(rules_descriptors, a_second_close_in_a_child_of_one_thread_is_a_warning) {
    second_close(1, FP_FORKED_FORK, FP_WARNING);
}

Test(rules_descriptors, a_second_close_in_a_child_of_several_threads_is_an_error) {
    second_close(2, FP_FORKED_FORK, FP_ERROR);
}

Test(rules_descriptors, a_second_close_in_a_daemon_is_an_error) {
    second_close(1, FP_FORKED_DAEMON, FP_ERROR);
}

Test(rules_descriptors, a_use_in_a_child_of_one_thread_is_an_error) {
    server();
    fp_stage_open(100, 5, "/etc/hosts", O_RDONLY);
    fp_stage_touch(100, FP_TOUCHED_CLOSE, 5, -1, 0);
    child_of(1, FP_FORKED_FORK);
    fp_stage_touch(200, FP_TOUCHED_READ, 5, -1, -EBADF);
    const struct fp_audit *audit = fp_stage_run(fp_rules_descriptors);
    cr_assert_eq(audit->finding_count, 1);
    cr_assert_eq(audit->findings[0].severity, FP_ERROR);
}

/* Python asks in that way; what it had there was closed by a call that no record has. */
Test(rules_descriptors, a_dup_asks_whether_a_standard_descriptor_is_open) {
    server();
    fp_stage_open(100, 0, "/etc/hosts", O_RDONLY);
    fp_stage_touch(100, FP_TOUCHED_DUP, 0, -1, -EBADF);
    QUIET();
}

Test(rules_descriptors, a_dup_of_a_standard_descriptor_that_was_closed) {
    server();
    fp_stage_open(100, 0, "/dev/null", O_RDWR);
    fp_stage_touch(100, FP_TOUCHED_CLOSE, 0, -1, 0);
    fp_stage_touch(100, FP_TOUCHED_DUP, 0, -1, -EBADF);
    cr_assert_eq(FOUND("use-after-close"), 1);
}

Test(rules_descriptors, a_dup_of_another_descriptor_does_not_ask) {
    server();
    fp_stage_pipe(100, 100, 3, 4, 0);
    fp_stage_touch(100, FP_TOUCHED_DUP, 3, -1, -EBADF);
    cr_assert_eq(FOUND("use-after-close"), 1);
}

Test(rules_descriptors, another_image_knows_nothing_of_that) {
    server();
    fp_stage_open(100, 5, "/etc/hosts", O_RDONLY);
    fp_stage_touch(100, FP_TOUCHED_CLOSE, 5, -1, 0);
    IMAGE(100, 1, "/usr/bin/other", "other");
    fp_stage_touch(100, FP_TOUCHED_CLOSE, 5, -1, -EBADF);
    QUIET();
}

Test(rules_descriptors, a_write_to_what_was_never_open) {
    server();
    fp_stage_touch(100, FP_TOUCHED_WRITE, 4096, -1, -EBADF);
    cr_assert_eq(FOUND("use-before-pipe"), 1);
}

Test(rules_descriptors, what_others_are_to_open_is_not_the_program_s_mistake) {
    IMAGE(100, 1, "/usr/bin/server", "server\0--status-fd=7");
    fp_stage_touch(100, FP_TOUCHED_READ, 0, -1, -EBADF);
    fp_stage_touch(100, FP_TOUCHED_WRITE, 7, -1, -EBADF);
    QUIET();
}

Test(rules_descriptors, minus_one_is_how_a_program_says_none) {
    server();
    fp_stage_touch(100, FP_TOUCHED_WRITE, -1, -1, -EBADF);
    fp_stage_touch(100, FP_TOUCHED_CLOSE, -1, -1, -EBADF);
    QUIET();
}

Test(rules_descriptors, a_loop_that_closes_everything) {
    server();
    fp_stage_open(100, 5, "/etc/hosts", O_RDONLY);
    fp_stage_touch(100, FP_TOUCHED_CLOSE, 5, -1, 0);
    for (int fd = 3; fd < 20; fd++)
        fp_stage_touch(100, FP_TOUCHED_CLOSE, fd, -1, -EBADF);
    for (int fd = 20; fd > 3; fd--)
        fp_stage_touch(100, FP_TOUCHED_CLOSE, fd, -1, -EBADF);
    QUIET();
}

/* As the library writes it: the first two that fail, from one place. */
Test(rules_descriptors, the_beginning_of_a_loop_that_closes_everything) {
    struct fp_frame frames[] = {{.function = "escape", .module = "/usr/bin/server", .offset = 1}};
    server();
    fp_stage_open(100, 5, "/etc/hosts", O_RDONLY);
    fp_stage_touch(100, FP_TOUCHED_CLOSE, 5, -1, 0);
    FRAMES(frames);
    fp_stage_touch(100, FP_TOUCHED_CLOSE, 5, -1, -EBADF);
    fp_stage_touch(100, FP_TOUCHED_CLOSE, 6, -1, -EBADF);
    QUIET();
}

Test(rules_descriptors, two_that_are_closed_again_one_after_the_other) {
    struct fp_frame one[] = {{.function = "stop", .module = "/usr/bin/server", .offset = 1}};
    struct fp_frame other[] = {{.function = "stop", .module = "/usr/bin/server", .offset = 2}};
    server();
    fp_stage_pipe(100, 100, 5, 6, 0);
    fp_stage_touch(100, FP_TOUCHED_CLOSE, 5, -1, 0);
    fp_stage_touch(100, FP_TOUCHED_CLOSE, 6, -1, 0);
    FRAMES(one);
    fp_stage_touch(100, FP_TOUCHED_CLOSE, 5, -1, -EBADF);
    FRAMES(other);
    fp_stage_touch(100, FP_TOUCHED_CLOSE, 6, -1, -EBADF);
    cr_assert_eq(FOUND("use-after-close"), 2);
}

Test(rules_descriptors, a_file_that_is_open_for_something_else) {
    server();
    fp_stage_open(100, 5, "/etc/hosts", O_RDONLY);
    fp_stage_touch(100, FP_TOUCHED_WRITE, 5, -1, -EBADF);
    fp_stage_touch(100, FP_TOUCHED_DUP, 1, 6, 0);
    fp_stage_touch(100, FP_TOUCHED_READ, 6, -1, -EBADF);
    QUIET();
}

Test(rules_descriptors, a_shell_tries_what_is_open) {
    IMAGE(100, 1, "/bin/dash", "sh");
    fp_stage_touch(100, FP_TOUCHED_DUP, 5, 10, -EBADF);
    fp_stage_open(100, 5, "config.log", O_WRONLY);
    fp_stage_touch(100, FP_TOUCHED_CLOSE, 5, -1, 0);
    fp_stage_touch(100, FP_TOUCHED_CLOSE, 5, -1, -EBADF);
    fp_stage_fork(100, 100, 200);
    fp_stage_touch(200, FP_TOUCHED_WRITE, 5, -1, -EBADF);
    QUIET();
}

/* --- leaks --- */

/* A child executes, and gets these. */
static void job(int fd, int other) {
    fp_stage_fork(100, 100, 200);
    fp_stage_touch(200, FP_TOUCHED_DUP, other, 1, 0);
    fp_stage_inherited(200, fd, S_IFIFO | 0600);
    fp_stage_inherited(200, other, S_IFIFO | 0600);
    fp_stage_exec(200, "/usr/bin/job", 0, 0);
}

Test(rules_descriptors, pipes_of_which_only_a_copy_was_meant) {
    server();
    fp_stage_pipe(100, 100, 3, 4, 0);
    job(3, 4);
    IMAGE(200, 100, "/usr/bin/job", "job");
    const struct fp_audit *audit = fp_stage_run(fp_rules_descriptors);
    cr_assert_eq(audit->finding_count, 1);
    cr_assert_str_eq(audit->findings[0].rule, "fd-leak");
    cr_assert_eq(audit->findings[0].times, 1);
    cr_assert_eq(audit->findings[0].severity, FP_WARNING);
    cr_assert_str_eq(audit->findings[0].message,
                     "/usr/bin/job inherits descriptor 3, a pipe that server 100 has opened");
}

Test(rules_descriptors, an_exec_that_fails_passes_nothing_on) {
    server();
    fp_stage_pipe(100, 100, 3, 4, 0);
    job(3, 4);
    fp_stage_exec(200, "/usr/bin/job", 0, -ENOENT);
    QUIET();
}

Test(rules_descriptors, a_number_that_is_an_argument_is_passed_on) {
    server();
    fp_stage_pipe(100, 100, 33, 44, 0);
    job(33, 44);
    IMAGE(200, 100, "/usr/bin/job", "job\0--from=33\0--to=/dev/fd/44");
    QUIET();
}

Test(rules_descriptors, a_part_of_a_number_is_none) {
    server();
    fp_stage_pipe(100, 100, 3, 4, 0);
    job(3, 4);
    IMAGE(200, 100, "/usr/bin/job", "job\0--size=1034");
    cr_assert_eq(FOUND("fd-leak"), 1);
}

Test(rules_descriptors, what_the_program_uses_was_meant) {
    server();
    fp_stage_pipe(100, 100, 3, 4, 0);
    job(3, 4);
    IMAGE(200, 100, "/usr/bin/job", "job");
    fp_stage_touch(200, FP_TOUCHED_FLAGS, 3, -1, 0);
    fp_stage_touch(200, FP_TOUCHED_CLOSE, 4, -1, 0);
    QUIET();
}

Test(rules_descriptors, chosen_numbers_were_meant) {
    server();
    fp_stage_pipe(100, 100, 3, 4, O_CLOEXEC);
    fp_stage_fork(100, 100, 200);
    fp_stage_touch(200, FP_TOUCHED_DUP, 3, 10, 0);
    fp_stage_inherited(200, 10, S_IFIFO | 0600);
    fp_stage_exec(200, "/usr/bin/job", 0, 0);
    QUIET();
}

Test(rules_descriptors, what_was_unmarked_was_meant) {
    server();
    fp_stage_pipe(100, 100, 3, 4, O_CLOEXEC);
    fp_stage_fork(100, 100, 200);
    fp_stage_touch(200, FP_TOUCHED_FLAGS, 3, -1, 0);
    fp_stage_inherited(200, 3, S_IFIFO | 0600);
    fp_stage_exec(200, "/usr/bin/job", 0, 0);
    QUIET();
}

/* The jobserver of make: the image has it from its own parent. */
Test(rules_descriptors, what_an_image_was_given_it_passes_on) {
    server();
    fp_stage_inherited(100, 3, S_IFIFO | 0600);
    fp_stage_exec(100, "/usr/bin/make", 0, 0);
    IMAGE(100, 1, "/usr/bin/make", "make");
    fp_stage_fork(100, 100, 200);
    fp_stage_inherited(200, 3, S_IFIFO | 0600);
    fp_stage_exec(200, "/usr/bin/cc", 0, 0);
    QUIET();
}

Test(rules_descriptors, a_script_s_files_are_its_own_will) {
    IMAGE(100, 1, "/usr/bin/bash", "bash");
    fp_stage_open(100, 3, "input", O_RDONLY);
    fp_stage_fork(100, 100, 200);
    fp_stage_inherited(200, 3, S_IFREG | 0600);
    fp_stage_exec(200, "/usr/bin/job", 0, 0);
    QUIET();
}

/* --- between two threads --- */

Test(rules_descriptors, another_thread_forks_before_it_is_marked) {
    server();
    fp_stage_pipe(100, 100, 3, 4, 0);
    fp_stage_fork(100, 101, 200);
    fp_stage_inherited(200, 4, S_IFIFO | 0600);
    fp_stage_exec(200, "/usr/bin/job", 0, 0);
    EVENT(FP_AUDIT_DESCRIPTOR, 100, "",
          (struct fp_audit_descriptor){
              .what = FP_TOUCHED_FLAGS, .fd = 4, .other = -1, .flags = FD_CLOEXEC});
    cr_assert_eq(FOUND("fd-inheritance-race"), 1);
}

Test(rules_descriptors, another_thread_forks_before_a_range_is_marked) {
    server();
    fp_stage_pipe(100, 100, 3, 4, 0);
    fp_stage_fork(100, 101, 200);
    fp_stage_inherited(200, 4, S_IFIFO | 0600);
    fp_stage_exec(200, "/usr/bin/job", 0, 0);
    closes_range(100, 3, FP_TOUCHED_ON_EXEC);
    cr_assert_eq(FOUND("fd-inheritance-race"), 1);
}

Test(rules_descriptors, the_same_thread_only_leaks) {
    server();
    fp_stage_pipe(100, 100, 3, 4, 0);
    fp_stage_fork(100, 100, 200);
    fp_stage_inherited(200, 4, S_IFIFO | 0600);
    fp_stage_exec(200, "/usr/bin/job", 0, 0);
    EVENT(FP_AUDIT_DESCRIPTOR, 100, "",
          (struct fp_audit_descriptor){
              .what = FP_TOUCHED_FLAGS, .fd = 4, .other = -1, .flags = FD_CLOEXEC});
    cr_assert_eq(FOUND("fd-leak"), 1);
}
