#include "baseline.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "say.h"

enum { SCHEMA = 1 };

static int compare(const void *a, const void *b) {
    return memcmp(a, b, 33);
}

static int wrong(const char *path, const char *what) {
    fp_say("%s: not a baseline: %s", path, what);
    return -EINVAL;
}

/* The list of findings of a report that we know; NULL after a line. */
static const json_t *findings_of(const char *path, const json_t *report) {
    const json_t *schema = json_object_get(report, "schema");
    const json_t *findings = json_object_get(report, "findings");
    const char *kind = json_string_value(json_object_get(report, "report"));
    char text[80] = "";
    if (!kind || strcmp(kind, "audit") != 0)
        snprintf(text, sizeof text, "no report of an audit (forkproof audit --format json)");
    else if (!json_is_integer(schema))
        snprintf(text, sizeof text, "it does not name its schema");
    else if (json_integer_value(schema) != SCHEMA)
        snprintf(text, sizeof text, "it is of schema %lld, and schema %d is what is known here",
                 (long long)json_integer_value(schema), SCHEMA);
    else if (!json_is_array(findings))
        snprintf(text, sizeof text, "it has no list of findings");
    if (*text)
        wrong(path, text);
    return *text ? NULL : findings;
}

static const char *fingerprint_of(const json_t *finding) {
    const char *text = json_string_value(json_object_get(finding, "fingerprint"));
    return text && strlen(text) == 32 && strspn(text, "0123456789abcdef") == 32 ? text : NULL;
}

static int take(struct fp_baseline *ret, const char *path, const json_t *findings) {
    size_t count = json_array_size(findings);
    int r = 0;
    ret->fingerprints = calloc(count + 1, sizeof *ret->fingerprints);
    if (!ret->fingerprints)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        const char *text = fingerprint_of(json_array_get(findings, i));
        if (text) {
            memcpy(ret->fingerprints[ret->count++], text, 33);
        } else {
            char what[80];
            snprintf(what, sizeof what, "finding %zu has no fingerprint of 32 digits", i + 1);
            r = wrong(path, what);
        }
    }
    qsort(ret->fingerprints, ret->count, sizeof *ret->fingerprints, compare);
    return r;
}

static int load(FILE *file, const char *path, json_t **ret) {
    json_error_t error;
    struct stat st;
    if (fstat(fileno(file), &st) == 0 && S_ISDIR(st.st_mode))
        return -EISDIR;
    *ret = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
    if (*ret)
        return 0;
    if (ferror(file))
        return errno ? -errno : -EIO;
    fp_say("%s:%d:%d: not a baseline: %s", path, error.line, error.column, error.text);
    return -EINVAL;
}

int fp_baseline_read(struct fp_baseline *ret, const char *path) {
    json_t *report = NULL;
    FILE *file = fopen(path, "re");
    int r = file ? load(file, path, &report) : -errno;
    *ret = (struct fp_baseline){0};
    if (r < 0 && r != -EINVAL)
        fp_say("cannot read the baseline %s: %s", path, strerror(-r));
    if (file)
        fclose(file);
    if (r < 0)
        return r;
    const json_t *findings = findings_of(path, report);
    r = findings ? take(ret, path, findings) : -EINVAL;
    json_decref(report);
    if (r == -ENOMEM)
        fp_say("cannot read the baseline %s: %s", path, strerror(ENOMEM));
    if (r < 0)
        fp_baseline_free(ret);
    return r;
}

void fp_baseline_apply(const struct fp_baseline *baseline, struct fp_audit *audit) {
    for (size_t i = 0; i < audit->finding_count; i++) {
        struct fp_finding *finding = &audit->findings[i];
        if (baseline->count && bsearch(finding->fingerprint, baseline->fingerprints,
                                       baseline->count, sizeof *baseline->fingerprints, compare))
            finding->is_baselined = true;
    }
}

void fp_baseline_free(struct fp_baseline *baseline) {
    free(baseline->fingerprints);
    *baseline = (struct fp_baseline){0};
}
