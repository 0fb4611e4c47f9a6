#include <criterion/criterion.h>
#include <string.h>

#include "format/xml.h"
#include "models.h"

TestSuite(junit, .timeout = 30);

static char *written(const struct fp_audit *audit, int fail_on) {
    struct fp_format how = fp_model_format();
    how.fail_on = fail_on;
    return fp_model_written(fp_format_junit, audit, &how);
}

static size_t count(const char *text, const char *what) {
    size_t n = 0;
    for (; (text = strstr(text, what)); text += strlen(what))
        n++;
    return n;
}

Test(junit, each_rule_is_a_case_and_what_the_audit_does_not_find_is_none) {
    char *text = written(fp_model("empty"), FP_NOTE);
    cr_expect_not_null(strstr(text, " tests=\"3\" failures=\"0\" errors=\"0\""));
    cr_expect_eq(count(text, "<testcase "), 3);
    cr_expect_not_null(strstr(
        text, "<testcase classname=\"forkproof.identity\" name=\"kill-wait-race\" time=\"0\"/>"));
    cr_expect_null(strstr(text, "quiet-rule"));
    free(text);
}

struct row {
    const char *model;
    int fail_on;
    bool is_baselined;
    size_t failures, outputs;
};

Test(junit, failures_are_what_makes_the_audit_fail) {
    static const struct row rows[] = {
        {"two-places", FP_ERROR, false, 1, 0}, {"two-places", FP_NEVER, false, 0, 1},
        {"two-places", FP_NOTE, true, 0, 1},   {"many", FP_ERROR, false, 0, 2},
        {"many", FP_WARNING, false, 1, 1},     {"many", FP_NOTE, false, 2, 0},
        {"hostile", FP_ERROR, false, 1, 1},    {"hostile", FP_WARNING, false, 2, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char attribute[40];
        struct fp_audit *audit = fp_model(rows[i].model);
        audit->findings[0].is_baselined = rows[i].is_baselined;
        char *text = written(audit, rows[i].fail_on);
        snprintf(attribute, sizeof attribute, " failures=\"%zu\"", rows[i].failures);
        cr_expect_eq(count(text, attribute), 2, "row %zu", i);
        cr_expect_eq(count(text, "<failure "), rows[i].failures, "row %zu", i);
        cr_expect_eq(count(text, "<system-out>"), rows[i].outputs, "row %zu", i);
        free(text);
    }
}

Test(junit, a_failure_holds_every_finding_of_its_rule) {
    char *text = written(fp_model("many"), FP_WARNING);
    cr_expect_not_null(strstr(
        text, "<failure type=\"warning\" message=\"descriptor 7 is inherited (and 149 more)\">"));
    cr_expect_eq(count(text, "WARNING: forkproof: fd-leak: "), 150);
    free(text);
}

Test(junit, what_fails_and_what_does_not_stand_apart) {
    struct fp_audit *audit = fp_model("many");
    audit->findings[1].is_baselined = true;
    char *text = written(audit, FP_WARNING), *output = strstr(text, "<system-out>");
    cr_assert_not_null(output);
    cr_expect_eq(count(text, "WARNING: forkproof: fd-leak: "), 150);
    cr_expect_eq(count(output, "WARNING: forkproof: fd-leak: "), 1);
    cr_expect_not_null(strstr(text, " (and 148 more)\""));
    free(text);
}

struct xml_row {
    const char *text, *xml;
};

Test(junit, text_cannot_become_markup) {
    static const struct xml_row rows[] = {
        {"a<b>&\"'", "a&lt;b&gt;&amp;&quot;&apos;"},
        {"]]>", "]]&gt;"},
        {"\x01\x1b", "\\x01\\x1b"},
        {"\n\r\t", "\\n\\x0d\\t"},
        {"\xff", "\\xff"},
        {"\xef\xbf\xbe\xef\xbf\xbf", "\\ufffe\\uffff"},
        {"\xc3\xa9\xf0\x9f\x98\x80", "\xc3\xa9\xf0\x9f\x98\x80"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char xml[200] = "";
        FILE *out = fmemopen(xml, sizeof xml, "w");
        fp_xml_put(out, rows[i].text, 100);
        fclose(out);
        cr_expect_str_eq(xml, rows[i].xml, "row %zu", i);
    }
}
