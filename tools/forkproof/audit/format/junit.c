/*
 * For services that show results of tests: each rule is a test case, which fails when the audit
 * does because of it. What does not make it fail (less severe, in the baseline, suppressed) stands
 * in the case's output. One failure element a case holds all of them: many readers take one only.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "format/text.h"
#include "format/xml.h"

enum { TEXT = 2000 };

struct one_case {
    const char *rule, *family;
    size_t failing, quiet;
    const struct fp_finding *first; /* that fails */
};

static struct one_case count(const struct fp_audit *audit, const char *rule, int fail_on) {
    struct one_case result = {.rule = rule};
    for (size_t i = 0; i < audit->finding_count; i++) {
        const struct fp_finding *finding = &audit->findings[i];
        if (strcmp(finding->rule, rule) != 0)
            continue;
        bool fails = fp_finding_fails(finding, fail_on);
        result.failing += fails;
        result.quiet += !fails;
        if (fails && !result.first)
            result.first = finding;
    }
    return result;
}

/* The findings of a rule as text: those that fail, or the others. 0 or -ENOMEM. */
static int findings(FILE *out, const struct fp_audit *audit, const struct one_case *one,
                    int fail_on, bool failing) {
    char *text = NULL;
    size_t size;
    FILE *memory = open_memstream(&text, &size);
    if (!memory)
        return -ENOMEM;
    for (size_t i = 0; i < audit->finding_count; i++)
        if (strcmp(audit->findings[i].rule, one->rule) == 0 &&
            fp_finding_fails(&audit->findings[i], fail_on) == failing)
            fp_text_finding(memory, audit, &audit->findings[i], false);
    int r = fclose(memory) == 0 && text ? 0 : -ENOMEM;
    if (r == 0)
        fp_xml_lines(out, text);
    free(text);
    return r;
}

static int failure(FILE *out, const struct fp_audit *audit, const struct one_case *one,
                   int fail_on) {
    fprintf(out, "      <failure type=\"%s\" message=\"", fp_severity_word(one->first->severity));
    fp_xml_put(out, one->first->message ? one->first->message : one->rule, TEXT);
    if (one->failing > 1)
        fprintf(out, " (and %zu more)", one->failing - 1);
    fputs("\">", out);
    int r = findings(out, audit, one, fail_on, true);
    fputs("</failure>\n", out);
    return r;
}

static int test_case(FILE *out, const struct fp_audit *audit, const struct one_case *one,
                     int fail_on) {
    int r = 0;
    fputs("    <testcase classname=\"forkproof.", out);
    fp_xml_put(out, one->family, TEXT);
    fputs("\" name=\"", out);
    fp_xml_put(out, one->rule, TEXT);
    if (one->failing + one->quiet == 0) {
        fputs("\" time=\"0\"/>\n", out);
        return 0;
    }
    fputs("\" time=\"0\">\n", out);
    if (one->failing)
        r = failure(out, audit, one, fail_on);
    if (r == 0 && one->quiet) {
        fputs("      <system-out>", out);
        r = findings(out, audit, one, fail_on, false);
        fputs("</system-out>\n", out);
    }
    fputs("    </testcase>\n", out);
    return r;
}

/* --- which cases there are --- */

static const struct fp_gotcha *known(const struct fp_format *format, const char *rule) {
    for (size_t i = 0; i < format->gotcha_count; i++)
        if (*format->gotchas[i].audit && strcmp(format->gotchas[i].id, rule) == 0)
            return &format->gotchas[i];
    return NULL;
}

/* The first finding of a rule that is not in the catalogue: it is not to be lost. */
static bool is_new(const struct fp_audit *audit, const struct fp_format *format, size_t index) {
    const char *rule = audit->findings[index].rule;
    if (known(format, rule))
        return false;
    for (size_t i = 0; i < index; i++)
        if (strcmp(audit->findings[i].rule, rule) == 0)
            return false;
    return true;
}

static struct one_case *all_cases(const struct fp_audit *audit, const struct fp_format *format,
                                  size_t *ret_count) {
    size_t n = 0;
    struct one_case *cases = calloc(format->gotcha_count + audit->finding_count + 1, sizeof *cases);
    for (size_t i = 0; cases && i < format->gotcha_count; i++)
        if (*format->gotchas[i].audit) {
            cases[n] = count(audit, format->gotchas[i].id, format->fail_on);
            cases[n++].family = format->gotchas[i].family;
        }
    for (size_t i = 0; cases && i < audit->finding_count; i++)
        if (is_new(audit, format, i)) {
            cases[n] = count(audit, audit->findings[i].rule, format->fail_on);
            cases[n++].family = "other";
        }
    *ret_count = n;
    return cases;
}

/* --- the whole --- */

static void seconds(FILE *out, uint64_t ns) {
    fprintf(out, "%" PRIu64 ".%03u", ns / 1000000000, (unsigned)(ns / 1000000 % 1000));
}

static void property(FILE *out, const char *name, uint64_t value) {
    fprintf(out, "      <property name=\"%s\" value=\"%" PRIu64 "\"/>\n", name, value);
}

static void head(FILE *out, const struct fp_audit *audit, size_t tests, size_t failures) {
    fprintf(out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<testsuites name=\"forkproof audit\" tests=\"%zu\" failures=\"%zu\" errors=\"0\">\n"
            "  <testsuite name=\"forkproof audit\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" "
            "skipped=\"0\" time=\"",
            tests, failures, tests, failures);
    seconds(out, audit->length);
    fputs("\">\n    <properties>\n", out);
    property(out, "processes", audit->process_count);
    property(out, "images_without_hooks", audit->images_without_hooks);
    property(out, "lost_events", audit->lost_events);
    property(out, "unused_suppressions", audit->unused_suppression_count);
    fputs("    </properties>\n", out);
}

int fp_format_junit(FILE *out, const struct fp_audit *audit, const struct fp_format *format) {
    size_t tests, failures = 0;
    struct one_case *cases = all_cases(audit, format, &tests);
    if (!cases)
        return -ENOMEM;
    for (size_t i = 0; i < tests; i++)
        failures += cases[i].failing > 0;
    head(out, audit, tests, failures);
    int r = 0;
    for (size_t i = 0; r == 0 && i < tests; i++)
        r = test_case(out, audit, &cases[i], format->fail_on);
    fputs("  </testsuite>\n</testsuites>\n", out);
    free(cases);
    return r < 0 ? r : fp_format_end(out);
}
