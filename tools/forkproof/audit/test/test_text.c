#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "escape.h"
#include "format/text.h"
#include "models.h"
#include "suppress.h"

TestSuite(text, .timeout = 30);

static char *written(const struct fp_audit *audit) {
    struct fp_format how = fp_model_format();
    return fp_model_written(fp_format_text, audit, &how);
}

Test(text, an_empty_run_is_one_line) {
    char *text = written(fp_model("empty"));
    cr_expect_str_eq(text, "SUMMARY: forkproof: nothing found, in 0 processes, 12.345 s\n");
    free(text);
}

Test(text, a_finding_is_told_from_verdict_to_suppression) {
    struct fp_suppressions none = {0};
    struct fp_audit *audit = fp_model("two-places");
    cr_assert_eq(fp_suppressions_apply(&none, audit), 0);
    char *text = written(audit);
    cr_expect_str_eq(text, "==71==ERROR: forkproof: kill-wait-race: A kill hits a stranger\n"
                           "  pid 77 was killed after it was reaped\n"
                           "  Found 3 times.\n"
                           "  Evidence:\n"
                           "    pid 77 was reaped at 1.000 s\n"
                           "    killed at 1.500 s\n"
                           "  killed here, in process 71 (thread 72), 1.500 s after the start:\n"
                           "    #0 stop_worker pool.c:88:5 (inlined)\n"
                           "    #1 main main.c:20\n"
                           "    #2 ?? (/lib/libc.so.6+0x27305)\n"
                           "    (and more, which were not kept)\n"
                           "  reaped here, in process 71, 1.000 s after the start:\n"
                           "    #0 reap_all pool.c:40:9\n"
                           "    #1 main main.c:20\n"
                           "  The process, and what started it:\n"
                           "    71 ./pool --workers '3 or 4'\n"
                           "    70 make check\n"
                           "  How to mend it: forkproof explain kill-wait-race\n"
                           "  To suppress it:\n"
                           "    kill-wait-race:stop_worker\n"
                           "\n"
                           "SUMMARY: forkproof: 1 error, in 2 processes, 12.345 s\n"
                           "The program exited with status 3.\n");
    free(text);
}

/* What three or more frames of one image without a name say, one line says; two are as they are. */
Test(text, frames_without_symbols_are_folded) {
    struct fp_frame frames[] = {
        {.module = "/bin/sh", .offset = 1},   {.module = "/bin/sh", .offset = 2},
        {.module = "/lib/x.so", .offset = 3}, {.module = "/lib/x.so", .offset = 4},
        {.module = "/lib/x.so", .offset = 5}, {.function = "main", .module = "/lib/x.so"},
        {.module = "/lib/x.so", .offset = 6}, {.offset = 7}};
    struct fp_place place = {
        .what = "here", .pid = 7, .frames = frames, .frame_count = sizeof frames / sizeof *frames};
    struct fp_finding finding = {
        .rule = "fd-leak", .severity = FP_ERROR, .places = &place, .place_count = 1, .process = -1};
    struct fp_audit *audit = fp_model("empty");
    audit->findings = &finding;
    audit->finding_count = 1;
    char *text = written(audit);
    cr_expect_not_null(strstr(text, " after the start:\n"
                                    "    #0 ?? (/bin/sh+0x1)\n"
                                    "    #1 ?? (/bin/sh+0x2)\n"
                                    "    ... 3 frames without symbols in /lib/x.so\n"
                                    "    #5 main (/lib/x.so+0x0)\n"
                                    "    #6 ?? (/lib/x.so+0x6)\n"
                                    "    #7 ??\n"
                                    "  How to mend it"),
                       "%s", text);
    free(text);
}

Test(text, marked_findings_are_told_and_suppressed_ones_counted) {
    struct fp_audit *audit = fp_model("two-places");
    audit->findings[0].is_baselined = true;
    char *text = written(audit);
    cr_expect_not_null(strstr(text, "\n  It is in the baseline.\n"));
    cr_expect_not_null(strstr(text, ": 1 error (1 in the baseline), in 2"));
    free(text);
    audit->findings[0].is_suppressed = true;
    text = written(audit);
    cr_expect_eq(strncmp(text, "SUMMARY: forkproof: nothing found, 1 suppressed, in", 51), 0, "%s",
                 text);
    free(text);
}

Test(text, long_chains_are_shortened_and_what_was_not_seen_is_said) {
    char *text = written(fp_model("many"));
    cr_expect_not_null(strstr(text, "\n    1299 ./pool --workers '3 or 4'\n"
                                    "    1298 ./pool --workers '3 or 4' "
                                    "(without hooks: its calls are not seen)\n"));
    cr_expect_not_null(strstr(text, "\n    ...[284 more]\n"));
    cr_expect_not_null(strstr(text, "\n150 images ran without hooks: what was done there is"));
    cr_expect_not_null(strstr(text, "\n18446744073709551615 events were not recorded: "));
    cr_expect_not_null(strstr(text, "\nUnused suppression: known.supp:3: fd-leak:nothing\n"));
    cr_expect_not_null(strstr(text, ": 150 warnings, 150 notes, in 300 processes, "));
    cr_expect_not_null(strstr(text, "\nThe program was killed by SIGKILL.\n"));
    free(text);
}

/* Nothing that a terminal obeys, or that looks otherwise than it is; and no flood. */
Test(text, hostile_text_is_shown_and_shortened) {
    char *text = written(fp_model("hostile"));
    size_t length = strlen(text);
    for (size_t i = 0, n; i < length; i += n) {
        n = fp_utf8(text + i, length - i);
        cr_assert_neq(n, 0, "byte %zu", i);
        cr_assert_not(fp_misleads(text + i, n), "byte %zu", i);
        cr_assert((unsigned char)text[i] >= 0x20 || text[i] == '\n', "byte %zu", i);
        cr_assert_neq(text[i], 0x7f);
        cr_assert_neq(memcmp(text + i, "\xc2\x9b", n), 0);
    }
    cr_expect_lt(length, 40000u, "%zu", length);
    cr_expect_not_null(strstr(text, "...[131072 bytes]"));
    cr_expect_not_null(strstr(text, "\\x1b]0;x\\x07\\x1b[31m\\xc2\\x9b\\n\\x0d\\t\\x7f\\xff"));
    cr_expect_not_null(strstr(text, "\\u202e"));
    cr_expect_null(strstr(text, " more]"), "a process that started itself is told once");
    cr_expect_not_null(strstr(text, "\nHow the program ended is not known.\n"));
    free(text);
}

struct mark {
    const char *text;
    bool misleads;
};

Test(text, marks_that_are_not_seen_mislead) {
    static const struct mark marks[] = {
        {"\u200a", false}, {"\u200b", true},  {"\u200f", true},  {"\u2010", false},
        {"\u2027", false}, {"\u2028", true},  {"\u202e", true},  {"\u202f", false},
        {"\u205f", false}, {"\u2060", true},  {"\u206f", true},  {"\u2070", false},
        {"\ufeff", true},  {"\ufefe", false}, {"\u00e9", false}, {"a", false},
    };
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        cr_expect_eq(fp_misleads(marks[i].text, strlen(marks[i].text)), marks[i].misleads,
                     "row %zu", i);
}

Test(text, colours_only_when_asked_for) {
    struct fp_format how = fp_model_format();
    how.colour = true;
    char *text = fp_model_written(fp_format_text, fp_model("two-places"), &how);
    cr_expect_not_null(strstr(text, "==71==\x1b[1;31mERROR: "));
    free(text);
    text = written(fp_model("two-places"));
    cr_expect_null(strchr(text, '\x1b'));
    free(text);
}

/* What a rule has no words for is no reason to fall over. */
Test(text, a_finding_that_says_nothing_is_told_in_every_format) {
    static int (*const writers[])(FILE *, const struct fp_audit *, const struct fp_format *) = {
        fp_format_text, fp_format_json, fp_format_junit};
    struct fp_place place = {0};
    struct fp_finding finding = {
        .rule = "fd-leak", .severity = FP_ERROR, .places = &place, .place_count = 1, .process = -1};
    struct fp_format how = fp_model_format();
    struct fp_audit *audit = fp_model("empty");
    audit->findings = &finding;
    audit->finding_count = 1;
    for (size_t i = 0; i < sizeof writers / sizeof writers[0]; i++) {
        char *text = fp_model_written(writers[i], audit, &how);
        cr_expect_not_null(strstr(text, "fd-leak"));
        free(text);
    }
}

Test(text, many_arguments_are_counted) {
    static const char *many[1000];
    static char text[2000];
    for (size_t i = 0; i < 1000; i++)
        many[i] = i == 1 ? "" : "x1";
    FILE *out = fmemopen(text, sizeof text, "w");
    fp_text_argv(out, many, 1000);
    fclose(out);
    cr_expect_eq(strncmp(text, "x1 '' x1 x1 ", 12), 0);
    cr_expect_lt(strlen(text), 300u);
    cr_expect_not_null(strstr(text, " x1 ...[919 arguments more]"), "%s", text);
}

typedef int writer(FILE *, const struct fp_audit *, const struct fp_format *);

/* A full disk is no success. */
Test(text, an_unwritable_output_is_an_error_in_every_format) {
    static writer *const writers[] = {fp_format_text, fp_format_json, fp_format_junit};
    struct fp_format how = fp_model_format();
    for (size_t i = 0; i < sizeof writers / sizeof writers[0]; i++)
        for (int large = 0; large < 2; large++) {
            FILE *full = fopen("/dev/full", "we");
            cr_assert_not_null(full);
            int r = writers[i](full, fp_model(large ? "many" : "empty"), &how);
            cr_expect(r == -ENOSPC || r == -EIO, "format %zu: %d", i, r);
            fclose(full);
        }
}
