#include <criterion/criterion.h>
#include <stdlib.h>

#include "machine_models.h"

TestSuite(sarif, .timeout = 20);

/* The log of one finding with one frame in such a file. */
static char *log_of(const char *directory, const char *file, const char *script,
                    const char *fall_back) {
    struct fp_frame frame = {.function = "f", .file = file, .line = 3};
    struct fp_place place = {.what = "here", .frames = &frame, .frame_count = 1};
    struct fp_process process = {.script = script, .starter = 0};
    struct fp_finding finding = {.rule = "r", .title = "t", .places = &place, .place_count = 1};
    struct fp_audit audit = {.directory = directory,
                             .processes = &process,
                             .process_count = 1,
                             .findings = &finding,
                             .finding_count = 1};
    struct fp_format format = {.fall_back = fall_back};
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    cr_assert_eq(fp_format_sarif(out, &audit, &format), 0);
    fclose(out);
    return text;
}

/* The first artifactLocation behind "locations", up to its end. */
static char *location(const char *log) {
    static const char key[] = "\"artifactLocation\":";
    const char *at = strstr(log, "\"locations\"");
    cr_assert(at);
    at = strstr(at, key);
    cr_assert(at);
    at += sizeof key - 1;
    return strndup(at, strcspn(at, "}") + 1);
}

#define BELOW(path) "{\"uri\":\"" path "\",\"uriBaseId\":\"SRCROOT\"}"
#define APART(path) "{\"uri\":\"file://" path "\"}"

static const struct {
    const char *directory, *file, *script, *fall_back, *expected;
} rows[] = {
    {"/w", "/w/a.c", NULL, NULL, BELOW("a.c")},
    {"/w/", "/w//b/./../a.c", NULL, NULL, BELOW("a.c")},
    {"/w", "a.c", NULL, NULL, BELOW("a.c")},
    {"/w", "../x/a.c", NULL, NULL, APART("/x/a.c")},
    {"/w/v", "../v/a.c", NULL, NULL, BELOW("a.c")},
    {"/w", "/work/a.c", NULL, NULL, APART("/work/a.c")},
    {"/w", "..a/b.c", NULL, NULL, BELOW("..a/b.c")},
    {"/", "/a.c", NULL, NULL, BELOW("a.c")},
    {NULL, "/a.c", NULL, NULL, APART("/a.c")},
    {NULL, "a.c", NULL, NULL, BELOW("a.c")},
    {"/w", "a b%?#:\xc3\xa9\xff.c", NULL, NULL, BELOW("a%20b%25%3F%23%3A%C3%A9%FF.c")},
    {"/w", "/usr/src/lib.c", "ci.py", NULL, BELOW("ci.py")},
    {"/w", "/w/a.c", "ci.py", NULL, BELOW("a.c")},
    {"/w", "<built-in>", NULL, "build.yml", BELOW("build.yml")},
    {"/w", "", "", "build.yml", BELOW("build.yml")},
    {"/w", NULL, NULL, NULL, BELOW("unknown")},
};

Test(sarif, a_result_is_in_the_file_that_says_most_and_below_the_run_where_it_can) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *log = log_of(rows[i].directory, rows[i].file, rows[i].script, rows[i].fall_back);
        char *found = location(log);
        cr_expect_str_eq(found, rows[i].expected, "row %zu", i);
        free(found);
        free(log);
    }
}

Test(sarif, the_line_goes_with_its_own_file_only) {
    char *log = log_of("/w", "/usr/src/lib.c", "ci.py", NULL);
    cr_expect(strstr(log, "ci.py\",\"uriBaseId\":\"SRCROOT\"},\"region\":{\"startLine\":1}"));
    free(log);
    log = log_of("/w", "a.c", "ci.py", NULL);
    cr_expect(strstr(log, "a.c\",\"uriBaseId\":\"SRCROOT\"},\"region\":{\"startLine\":3}"));
    free(log);
}

Test(sarif, the_base_ends_with_a_slash) {
    static const struct {
        const char *directory, *expected;
    } bases[] = {{"/w x", "\"file:///w%20x/\""}, {"/w/", "\"file:///w/\""}, {"/", "\"file:///\""}};
    for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++) {
        char *log = log_of(bases[i].directory, "a.c", NULL, NULL);
        cr_expect(strstr(log, bases[i].expected), "row %zu", i);
        free(log);
    }
    char *log = log_of(NULL, "a.c", NULL, NULL);
    cr_expect_not(strstr(log, "originalUriBaseIds"));
    free(log);
}

Test(sarif, a_rule_stands_once_with_the_level_of_its_severest_result) {
    struct fp_finding findings[] = {{.rule = "r", .title = "t", .severity = FP_NOTE},
                                    {.rule = "r", .title = "t", .severity = FP_ERROR},
                                    {.rule = "r", .title = "t", .severity = FP_WARNING}};
    struct fp_audit audit = {.findings = findings, .finding_count = 3};
    char *log = NULL;
    size_t size;
    FILE *out = open_memstream(&log, &size);
    cr_assert_eq(fp_format_sarif(out, &audit, NULL), 0);
    fclose(out);
    const char *first = strstr(log, "{\"id\":\"r\"");
    cr_assert(first);
    cr_expect(strstr(first, "\"defaultConfiguration\":{\"level\":\"error\"}"));
    cr_expect_not(strstr(first + 1, "{\"id\":\"r\""));
    free(log);
}
