#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "baseline.h"
#include "fingerprint.h"
#include "models.h"
#include "say.h"

TestSuite(baseline, .timeout = 30);

static char said[4000];

static int read_text(struct fp_baseline *ret, const char *text) {
    char path[40], *at;
    int file = memfd_create("file", MFD_CLOEXEC), log = memfd_create("log", MFD_CLOEXEC);
    cr_assert_eq(write(file, text, strlen(text)), (ssize_t)strlen(text));
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    fp_say_to(log);
    int r = fp_baseline_read(ret, path);
    fp_say_to(STDERR_FILENO);
    ssize_t n = pread(log, said, sizeof said - 1, 0);
    said[n > 0 ? n : 0] = '\0';
    while ((at = strstr(said, path))) {
        *at = 'F';
        memmove(at + 1, at + strlen(path), strlen(at + strlen(path)) + 1);
    }
    close(file);
    close(log);
    return r;
}

/* What the JSON format writes is a baseline of the same run, for every model. */
Test(baseline, findings_of_the_earlier_report_are_marked) {
    static const char *const models[] = {"empty", "two-places", "many", "hostile"};
    struct fp_format how = fp_model_format();
    for (size_t m = 0; m < sizeof models / sizeof models[0]; m++) {
        struct fp_baseline baseline;
        struct fp_audit *audit = fp_model(models[m]);
        char *report = fp_model_written(fp_format_json, audit, &how);
        cr_assert_eq(read_text(&baseline, report), 0, "%s: %s", models[m], said);
        cr_expect_eq(baseline.count, audit->finding_count);
        fp_baseline_apply(&baseline, audit);
        for (size_t i = 0; i < audit->finding_count; i++) {
            cr_expect(audit->findings[i].is_baselined, "%s: %zu", models[m], i);
            cr_expect_not(fp_finding_fails(&audit->findings[i], FP_NOTE));
        }
        fp_baseline_free(&baseline);
        free(report);
    }
}

Test(baseline, what_is_new_is_not_marked_and_nothing_is_dropped) {
    struct fp_baseline baseline;
    struct fp_format how = fp_model_format();
    struct fp_audit *audit = fp_model("two-places");
    char *report = fp_model_written(fp_format_json, audit, &how);
    struct fp_finding both[2] = {audit->findings[0], audit->findings[0]};
    both[1].rule = "fd-leak";
    audit->findings = both;
    audit->finding_count = 2;
    cr_assert_eq(fp_fingerprint_all(audit), 0);
    cr_assert_eq(read_text(&baseline, report), 0, "%s", said);
    fp_baseline_apply(&baseline, audit);
    cr_expect_eq(audit->finding_count, 2);
    cr_expect(both[0].is_baselined);
    cr_expect_not(both[1].is_baselined);
    cr_expect(fp_finding_fails(&both[1], FP_ERROR));
    cr_expect_not(fp_finding_fails(&both[1], FP_NEVER));
    fp_baseline_free(&baseline);
    free(report);
}

struct bad_row {
    const char *text, *said;
};

Test(baseline, what_is_no_baseline_is_told_by_name_and_place) {
    static const struct bad_row rows[] = {
        {"", "F:1:0: not a baseline: "},
        {"{\"schema\": 1,\n  oops}", "F:2:6: not a baseline: "},
        {"[]", "F: not a baseline: no report of an audit (forkproof audit --format json)"},
        {"{\"schema\": 1}",
         "F: not a baseline: no report of an audit (forkproof audit --format json)"},
        {"{\"report\": \"audit\"}", "F: not a baseline: it does not name its schema"},
        {"{\"report\": \"audit\", \"schema\": 2}",
         "F: not a baseline: it is of schema 2, and schema 1 is what is known here"},
        {"{\"report\": \"audit\", \"schema\": 1, \"findings\": {}}",
         "F: not a baseline: it has no list of findings"},
        {"{\"report\": \"audit\", \"schema\": 1, \"findings\": [7, {\"fingerprint\": \"0\"}]}",
         "F: not a baseline: finding 1 has no fingerprint of 32 digits\n"
         "forkproof: F: not a baseline: finding 2 has no fingerprint of 32 digits"},
        {"{\"report\": \"audit\", \"schema\": 1, \"findings\": [{\"fingerprint\": "
         "\"0123456789ABCDEF0123456789abcdef\"}]}",
         "F: not a baseline: finding 1 has no fingerprint of 32 digits"},
        {"{\"report\": \"audit\", \"report\": \"audit\"}", "F:1:28: not a baseline: "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fp_baseline baseline;
        cr_expect_eq(read_text(&baseline, rows[i].text), -EINVAL, "row %zu", i);
        cr_expect_eq(strncmp(said, "forkproof: ", 11), 0);
        cr_expect_eq(strncmp(said + 11, rows[i].said, strlen(rows[i].said)), 0, "row %zu: %s", i,
                     said);
        cr_expect_eq(baseline.count, 0);
    }
}

/* As deep as a reader's stack could not bear. */
Test(baseline, nesting_has_an_end) {
    static char deep[400001];
    struct fp_baseline baseline;
    memset(deep, '[', sizeof deep - 1);
    cr_expect_eq(read_text(&baseline, deep), -EINVAL);
}

Test(baseline, what_cannot_be_read_is_one_line) {
    struct fp_baseline baseline;
    fp_say_into(said, sizeof said);
    cr_expect_eq(fp_baseline_read(&baseline, "/proc/none/x"), -ENOENT);
    cr_expect_str_eq(said, "cannot read the baseline /proc/none/x: No such file or directory");
    cr_expect_eq(fp_baseline_read(&baseline, "/"), -EISDIR);
    fp_say_into(NULL, 0);
}
