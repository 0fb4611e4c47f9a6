/* What handlers of signals call that is not async-signal-safe. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "rules_stage.h"

static void begin(void) {
    fp_stage_begin();
    IMAGE(100, 1, "/usr/bin/program", "program");
}

TestSuite(rules_handlers, .timeout = 60, .init = begin);

#define QUIET() fp_stage_claim_quiet(fp_rules_child)

#define FRAME(name, at)                                                                            \
    { .function = name, .module = "/usr/bin/program", .offset = at }
#define INLINED(name, at)                                                                          \
    { .function = name, .module = "/usr/bin/program", .offset = at, .is_inlined = true }
#define LIBC(name, at)                                                                             \
    { .function = name, .module = "/lib/libc.so.6", .offset = at }
#define SIGNAL LIBC(FP_SIGNAL_FRAME, 7)

static void calls_of(pid_t pid, const char *name) {
    EVENT(FP_AUDIT_UNSAFE, pid, name, (struct fp_audit_unsafe){.flags = FP_UNSAFE_IN_HANDLER});
}

static void calls(const char *name) {
    calls_of(100, name);
}

/* All findings, which are of one rule. */
static const struct fp_audit *found(size_t count) {
    const struct fp_audit *audit = fp_stage_run(fp_rules_child);
    cr_assert_eq(audit->finding_count, count, "%zu", audit->finding_count);
    for (size_t i = 0; i < count; i++)
        cr_assert_str_eq(audit->findings[i].rule, "unsafe-in-handler");
    return audit;
}

static void expect_message(const struct fp_finding *finding, const char *begin) {
    cr_expect(strncmp(finding->message, begin, strlen(begin)) == 0, "%s", finding->message);
}

/* --- what was interrupted --- */

Test(rules_handlers, a_call_while_the_program_was_in_one) {
    struct fp_frame frames[] = {FRAME("on_term", 1), SIGNAL, LIBC("__libc_read", 2)};
    FRAMES(frames);
    calls("printf");
    const struct fp_finding *finding = found(1)->findings;
    expect_message(finding, "program 100 calls printf in on_term, a handler of a signal: ");
    cr_expect_eq(finding->severity, FP_ERROR);
    cr_expect_eq(finding->evidence_count, 1);
    cr_expect_str_eq(finding->evidence[0], "this time it came in __libc_read");
}

Test(rules_handlers, a_call_while_the_program_only_waited_for_a_signal) {
    struct fp_frame frames[] = {FRAME("on_term", 1), SIGNAL, LIBC("__pselect", 2)};
    FRAMES(frames);
    calls("printf");
    QUIET();
}

Test(rules_handlers, a_call_in_a_wait_that_is_inlined_in_libc) {
    struct fp_frame frames[] = {FRAME("on_term", 1), SIGNAL, INLINED("pselect64_syscall", 2),
                                LIBC("__pselect", 2)};
    FRAMES(frames);
    calls("printf");
    QUIET();
}

Test(rules_handlers, what_is_inlined_is_not_what_was_interrupted) {
    struct fp_frame frames[] = {FRAME("on_term", 1), SIGNAL, INLINED("pause", 2), FRAME("work", 2)};
    FRAMES(frames);
    calls("printf");
    cr_expect_str_eq(found(1)->findings[0].evidence[0], "this time it came in work");
}

/* --- one cause, one finding --- */

Test(rules_handlers, a_handler_is_told_once_with_all_that_it_calls) {
    struct fp_frame first[] = {FRAME("save", 1), FRAME("on_term", 2), SIGNAL, FRAME("work", 3)};
    struct fp_frame second[] = {FRAME("save", 4), FRAME("on_term", 2), SIGNAL, FRAME("work", 3)};
    struct fp_frame third[] = {FRAME("on_term", 5), SIGNAL, FRAME("work", 3)};
    FRAMES(first);
    calls("fopen");
    FRAMES(second);
    calls("fprintf");
    calls("fclose");
    FRAMES(third);
    calls("fopen");
    calls("free");
    const struct fp_finding *finding = found(1)->findings;
    expect_message(finding, "program 100 calls fopen in on_term, ");
    cr_expect_eq(finding->place_count, 1);
    cr_expect_eq(finding->places[0].frames, first);
    cr_assert_eq(finding->evidence_count, 2);
    cr_expect_str_eq(finding->evidence[1], "the handler also calls fprintf, fclose, free");
}

Test(rules_handlers, each_handler_is_told) {
    struct fp_frame first[] = {FRAME("on_term", 2), SIGNAL, FRAME("work", 3)};
    struct fp_frame second[] = {FRAME("on_hangup", 2), SIGNAL, FRAME("work", 3)};
    FRAMES(first);
    calls("fopen");
    FRAMES(second);
    calls("fopen");
    FRAMES(first);
    calls("free");
    found(2);
}

Test(rules_handlers, a_handler_without_a_name_is_told_once_a_module) {
    struct fp_frame first[] = {FRAME(NULL, 1), SIGNAL, FRAME(NULL, 3)};
    struct fp_frame second[] = {FRAME(NULL, 4), FRAME(NULL, 2), SIGNAL, FRAME(NULL, 3)};
    struct fp_frame third[] = {
        {.module = "/usr/lib/library.so", .offset = 1}, SIGNAL, FRAME(NULL, 3)};
    FRAMES(first);
    calls("fopen");
    FRAMES(second);
    calls("fclose");
    FRAMES(third);
    calls("fopen");
    const struct fp_audit *audit = found(2);
    expect_message(&audit->findings[0], "program 100 calls fopen in a function without a name, ");
    cr_expect_str_eq(audit->findings[0].evidence[0], "the handler also calls fclose");
    cr_expect_eq(audit->findings[1].evidence_count, 0);
}

Test(rules_handlers, forked_children_are_of_the_image_and_other_images_are_not) {
    struct fp_frame first[] = {FRAME("on_term", 1), SIGNAL, FRAME("work", 3)};
    struct fp_frame second[] = {FRAME("on_term", 2), SIGNAL, FRAME("work", 3)};
    struct fp_frame third[] = {FRAME("on_term", 4), SIGNAL, FRAME("work", 3)};
    FRAMES(first);
    calls("fopen");
    fp_stage_frames(NULL, 0);
    fp_stage_fork(100, 100, 200);
    FRAMES(second);
    calls_of(200, "fclose");
    fp_stage_frames(NULL, 0);
    IMAGE(100, 1, "/usr/bin/program", "program");
    FRAMES(third);
    calls("free");
    const struct fp_audit *audit = found(2);
    expect_message(&audit->findings[0], "program 100 calls fopen in on_term, ");
    cr_expect_str_eq(audit->findings[0].evidence[0], "this time it came in work");
    cr_expect_str_eq(audit->findings[0].evidence[1], "the handler also calls fclose");
    expect_message(&audit->findings[1], "program 100 calls free in on_term, ");
}

Test(rules_handlers, what_a_call_calls_itself_is_left_out) {
    struct fp_frame outer[] = {FRAME("on_term", 1), SIGNAL, FRAME("work", 3)};
    struct fp_frame inner[] = {LIBC("__fopen_internal", 9), FRAME("on_term", 1), SIGNAL,
                               FRAME("idle", 4)};
    struct fp_frame own[] = {FRAME("copy", 9), FRAME("on_term", 5), SIGNAL, FRAME("idle", 4)};
    FRAMES(outer);
    calls("fopen");
    FRAMES(inner);
    calls("malloc");
    FRAMES(own);
    calls("free");
    cr_expect_str_eq(found(1)->findings[0].evidence[1], "the handler also calls free");
}

Test(rules_handlers, exit_is_what_is_called_when_exit_calls_it) {
    struct fp_frame at_exit[] = {FRAME("flush", 1),
                                 LIBC("__run_exit_handlers", 2),
                                 LIBC("exit", 3),
                                 FRAME("on_term", 4),
                                 SIGNAL,
                                 FRAME("work", 5)};
    struct fp_frame no_exit[] = {FRAME("on_term", 6), SIGNAL, LIBC("exit", 3)};
    FRAMES(at_exit);
    calls("fclose");
    calls("free");
    FRAMES(no_exit);
    calls("puts");
    const struct fp_finding *finding = found(1)->findings;
    expect_message(finding, "program 100 calls exit in on_term, ");
    cr_assert_eq(finding->evidence_count, 2);
    cr_expect_str_eq(finding->evidence[1], "the handler also calls puts");
}

Test(rules_handlers, a_handler_that_calls_without_end) {
    static struct fp_frame frames[100][3];
    static char names[100][8];
    for (size_t i = 0; i < 100; i++) {
        struct fp_frame one[] = {FRAME("on_term", i), SIGNAL, FRAME("work", 3)};
        memcpy(frames[i], one, sizeof one);
        snprintf(names[i], sizeof names[i], "call%zu", i);
        FRAMES(frames[i]);
        calls(names[i]);
    }
    const struct fp_finding *finding = found(1)->findings;
    cr_expect_not_null(strstr(finding->evidence[1], "call1, call2, "));
    cr_expect_null(strstr(finding->evidence[1], "call99"));
}
