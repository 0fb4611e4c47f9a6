/* Paths, variables, signals and shells. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "rules_stage.h"

TestSuite(rules_exec, .timeout = 60, .init = fp_stage_begin);

#define FOUND(rule) fp_stage_found(fp_rules_exec, rule)
#define QUIET() fp_stage_claim_quiet(fp_rules_exec)

static void child_of(const char *program) {
    fp_stage_image(100, 1, program, "a", 2);
    fp_stage_fork(100, 100, 200);
}

/* --- which program --- */

Test(rules_exec, a_bare_name_that_lies_here_too) {
    child_of("/usr/bin/server");
    fp_stage_exec(200, "tool", FP_EXEC_SEARCHED | FP_EXEC_ALSO_HERE | FP_EXEC_IN_CHILD, 0);
    cr_assert_eq(FOUND("relative-program-path"), 1);
}

Test(rules_exec, a_bare_name_that_does_not) {
    child_of("/usr/bin/server");
    fp_stage_exec(200, "tool", FP_EXEC_SEARCHED | FP_EXEC_IN_CHILD, 0);
    QUIET();
}

static const unsigned moved = FP_EXEC_MOVED | FP_EXEC_PARENT_HAS | FP_EXEC_IN_CHILD;

Test(rules_exec, a_relative_path_after_a_chdir) {
    child_of("/usr/bin/server");
    fp_stage_exec(200, "tools/check", moved, 0);
    const struct fp_audit *audit = fp_stage_run(fp_rules_exec);
    cr_assert_eq(audit->finding_count, 1);
    cr_assert_str_eq(audit->findings[0].rule, "chdir-program-path");
    cr_assert_eq(audit->findings[0].place_count, 2);
}

Test(rules_exec, a_shell_means_the_directory_of_its_child) {
    child_of("/bin/sh");
    fp_stage_exec(200, "./configure", moved, 0);
    QUIET();
}

Test(rules_exec, a_relative_path_that_is_the_same_everywhere) {
    child_of("/usr/bin/server");
    fp_stage_exec(200, "/tools/check", moved, 0);
    fp_stage_exec(200, "tools/check", FP_EXEC_MOVED | FP_EXEC_IN_CHILD, 0);
    fp_stage_exec(200, "tools/check", FP_EXEC_PARENT_HAS | FP_EXEC_IN_CHILD, 0);
    QUIET();
}

/* --- signals --- */

static void exec_blocking(uint64_t now, uint64_t before, unsigned flags) {
    EVENT(FP_AUDIT_EXEC, 200, "/bin/job",
          (struct fp_audit_exec){.flags = flags, .blocked = now, .blocked_before = before});
}

#define SIGNAL(number) (UINT64_C(1) << ((number)-1))

Test(rules_exec, a_signal_that_is_blocked) {
    child_of("/usr/bin/server");
    exec_blocking(SIGNAL(SIGTERM) | SIGNAL(SIGHUP), SIGNAL(SIGHUP), 0);
    cr_assert_eq(FOUND("sigmask-inherited"), 1);
}

Test(rules_exec, signals_that_were_blocked_before_and_those_of_libc) {
    child_of("/usr/bin/server");
    exec_blocking(SIGNAL(SIGHUP) | SIGNAL(32) | SIGNAL(33) | SIGNAL(34), SIGNAL(SIGHUP), 0);
    QUIET();
}

Test(rules_exec, an_exec_that_fails_blocks_nobody) {
    child_of("/usr/bin/server");
    exec_blocking(SIGNAL(SIGTERM), 0, 0);
    fp_stage_exec(200, "/bin/job", 0, -ENOENT);
    QUIET();
}

Test(rules_exec, a_signal_that_is_ignored) {
    child_of("/usr/bin/server");
    exec_blocking(0, 0, FP_EXEC_NO_SIGPIPE);
    cr_assert_eq(FOUND("sigmask-inherited"), 1);
}

Test(rules_exec, a_signal_that_was_ignored_before) {
    child_of("/usr/bin/server");
    exec_blocking(0, 0, FP_EXEC_NO_SIGCHLD | FP_EXEC_HAD_NO_SIGCHLD);
    QUIET();
}

Test(rules_exec, a_trap_is_there_to_be_inherited) {
    child_of("/usr/bin/bash");
    exec_blocking(0, 0, FP_EXEC_NO_SIGPIPE);
    QUIET();
}

/* --- busy --- */

Test(rules_exec, a_program_that_another_child_holds_open) {
    child_of("/usr/bin/server");
    fp_stage_open(100, 5, "program", O_WRONLY | O_CREAT);
    fp_stage_fork(100, 101, 300);
    fp_stage_touch(300, FP_TOUCHED_CLOSE, 9, -1, 0);
    fp_stage_touch(100, FP_TOUCHED_CLOSE, 5, -1, 0);
    fp_stage_exec(200, "./program", 0, 0);
    fp_stage_exec(200, "./program", 0, -ETXTBSY);
    const struct fp_audit *audit = fp_stage_run(fp_rules_exec);
    cr_assert_eq(audit->finding_count, 1);
    cr_assert_str_eq(audit->findings[0].rule, "etxtbsy-race");
    cr_assert_eq(audit->findings[0].place_count, 3);
    cr_assert_str_eq(audit->findings[0].message, "\"./program\" cannot be executed: child 300 "
                                                 "still has it open for writing");
}

Test(rules_exec, a_program_that_somebody_holds_open) {
    child_of("/usr/bin/server");
    fp_stage_exec(200, "./program", 0, -ETXTBSY);
    cr_assert_eq(FOUND("etxtbsy-race"), 1);
}

/* --- variables --- */

static void exec_with(enum fp_audit_variable what, const char *names) {
    child_of("/usr/bin/server");
    EVENT(FP_AUDIT_VARIABLE, 200, names, (struct fp_audit_variable_event){.what = what});
    fp_stage_exec(200, "/bin/job", 0, 0);
}

Test(rules_exec, a_name_that_stands_twice) {
    exec_with(FP_VARIABLE_TWICE, "TARGET");
    cr_assert_eq(FOUND("env-case"), 1);
}

Test(rules_exec, names_that_differ_in_case_are_a_note) {
    exec_with(FP_VARIABLE_CASE, "PATH=Path");
    const struct fp_audit *audit = fp_stage_run(fp_rules_exec);
    cr_assert_eq(audit->finding_count, 1);
    cr_assert_eq(audit->findings[0].severity, FP_NOTE);
}

Test(rules_exec, proxies_are_written_in_both_ways) {
    exec_with(FP_VARIABLE_CASE, "HTTP_PROXY=http_proxy");
    QUIET();
}

/* --- shells --- */

static void tell(const char *command, unsigned flags) {
    EVENT(FP_AUDIT_SHELL, 100, command,
          (struct fp_audit_shell){.how = FP_FORKED_SYSTEM, .flags = flags});
}

Test(rules_exec, a_path_with_syntax_reaches_the_shell) {
    fp_stage_image(100, 1, "/bin/show", "show", 5);
    fp_stage_open(100, 3, "notes; touch marker", O_CREAT);
    tell("cat notes; touch marker", 0);
    cr_assert_eq(FOUND("shell-injection"), 1);
}

Test(rules_exec, an_argument_with_syntax_reaches_the_shell) {
    IMAGE(100, 1, "/bin/show", "show\0a; b");
    tell("cat \"x\" a; b", 0);
    cr_assert_eq(FOUND("shell-injection"), 1);
}

Test(rules_exec, double_quotes_do_not_stop_a_substitution) {
    IMAGE(100, 1, "/bin/show", "show\0$(id)");
    tell("cat \"$(id)\"", 0);
    cr_assert_eq(FOUND("shell-injection"), 1);
}

Test(rules_exec, quotes_do_what_they_are_for) {
    IMAGE(100, 1, "/bin/show", "show\0a; b");
    tell("cat 'a; b'", 0);
    tell("cat \"a; b\"", 0);
    tell("cat a\\;\\ b", 0);
    QUIET();
}

Test(rules_exec, a_quote_in_the_piece_ends_them) {
    IMAGE(100, 1, "/bin/show", "show\0a'; b");
    tell("cat 'a'; b'", 0);
    cr_assert_eq(FOUND("shell-injection"), 1);
}

Test(rules_exec, an_argument_that_is_a_command_is_one) {
    IMAGE(100, 1, "/bin/watch", "watch\0ls | head");
    tell("ls | head", 0);
    tell("ls | head 2>&1", 0);
    QUIET();
}

Test(rules_exec, a_constant_is_the_program_s_own) {
    IMAGE(100, 1, "/bin/show", "show\0a; b");
    tell("cat a; b", FP_SHELL_LITERAL);
    QUIET();
}

Test(rules_exec, plain_arguments_and_short_ones) {
    IMAGE(100, 1, "/bin/show", "show\0name\0;;");
    tell("cat name | sort ;; x", 0);
    QUIET();
}
