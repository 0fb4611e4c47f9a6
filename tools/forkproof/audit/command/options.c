#include "audit/command/options.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "audit/command/store_size.h"
#include "audit/format.h"
#include "say.h"
#include "values.h"

enum {
    FORMAT = FP_AUDIT_OPTION_FIRST,
    OUTPUT,
    FAIL_ON,
    ERROR_EXITCODE,
    SUPPRESSIONS,
    BASELINE,
    RECORD,
    RECORD_SIZE,
    STALL
};

const struct option fp_audit_shared_options[] = {
    {"format", required_argument, NULL, FORMAT},
    {"output", required_argument, NULL, OUTPUT},
    {"fail-on", required_argument, NULL, FAIL_ON},
    {"error-exitcode", required_argument, NULL, ERROR_EXITCODE},
    {"suppressions", required_argument, NULL, SUPPRESSIONS},
    {"baseline", required_argument, NULL, BASELINE},
    {NULL, 0, NULL, 0},
};

const struct option fp_audit_own_options[] = {
    {"record", required_argument, NULL, RECORD},
    {"record-size", required_argument, NULL, RECORD_SIZE},
    {"stall", required_argument, NULL, STALL},
    {NULL, 0, NULL, 0},
};

void fp_audit_options_init(struct fp_audit_options *options) {
    *options = (struct fp_audit_options){.fail_on = FP_ERROR,
                                         .error_exitcode = 99,
                                         .record_size = UINT64_C(1) << 30,
                                         .stall_ns = 10 * FP_SECOND};
    for (size_t i = 0; i < FP_TELLINGS; i++)
        options->tellings[i] = (struct fp_telling){.as = -1, .file = {.fd = -1, .dir_fd = -1}};
}

static int bad(const char *subcommand, const char *option, const char *value,
               const char *expected) {
    fp_say("%s: bad value '%s' for %s: expected %s", subcommand, value, option, expected);
    return -EINVAL;
}

/* The last one if it lacks that, else a new one; NULL when there are too many. */
static struct fp_telling *telling_for(struct fp_audit_options *options, bool lacks_format) {
    struct fp_telling *last =
        options->telling_count ? &options->tellings[options->telling_count - 1] : NULL;
    if (last && (lacks_format ? last->as < 0 : !last->path))
        return last;
    return options->telling_count < FP_TELLINGS ? &options->tellings[options->telling_count++]
                                                : NULL;
}

static int too_many(const char *subcommand) {
    fp_say("%s: more than %d reports", subcommand, FP_TELLINGS);
    return -EINVAL;
}

static int set_format(struct fp_audit_options *options, const char *subcommand, const char *value) {
    static const char *const names[] = {"text", "json", "sarif", "junit", "html", "trace"};
    for (int i = FP_TOLD_TEXT; i <= FP_TOLD_TRACE; i++) {
        if (strcmp(value, names[i]) != 0)
            continue;
        struct fp_telling *telling = telling_for(options, true);
        if (!telling)
            return too_many(subcommand);
        telling->as = i;
        return 0;
    }
    return bad(subcommand, "--format", value, "text, json, sarif, junit, html or trace");
}

static int set_output(struct fp_audit_options *options, const char *subcommand, const char *value) {
    if (!*value)
        return bad(subcommand, "--output", value, "a file's name");
    struct fp_telling *telling = telling_for(options, false);
    if (!telling)
        return too_many(subcommand);
    telling->path = value;
    return 0;
}

static int set_fail_on(struct fp_audit_options *options, const char *subcommand,
                       const char *value) {
    static const char *const names[] = {"note", "warning", "error", "never"};
    for (int i = FP_NOTE; i <= FP_NEVER; i++)
        if (strcmp(value, names[i]) == 0) {
            options->fail_on = i;
            return 0;
        }
    return bad(subcommand, "--fail-on", value, "error, warning, note or never");
}

static int set_exitcode(struct fp_audit_options *options, const char *subcommand,
                        const char *value) {
    char *end;
    unsigned long n = isdigit((unsigned char)*value) ? strtoul(value, &end, 10) : 256;
    if (n > 255 || *end)
        return bad(subcommand, "--error-exitcode", value, "a number from 0 to 255");
    options->error_exitcode = (int)n;
    return 0;
}

static int add_suppressions(struct fp_audit_options *options, const char *subcommand,
                            const char *value) {
    if (!*value)
        return bad(subcommand, "--suppressions", value, "a file's name");
    if (options->suppression_count == FP_SUPPRESSION_FILES) {
        fp_say("%s: more than %d times --suppressions: '%s'", subcommand, FP_SUPPRESSION_FILES,
               value);
        return -EINVAL;
    }
    options->suppressions[options->suppression_count++] = value;
    return 0;
}

/* "64M", "1G", bytes. */
static int set_record_size(struct fp_audit_options *options, const char *subcommand,
                           const char *value) {
    static const char units[] = "KMG";
    size_t digits = strspn(value, "0123456789");
    char letter = value[digits];
    const char *unit = letter ? strchr(units, toupper((unsigned char)letter)) : NULL;
    unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
    uint64_t n = digits ? strtoull(value, NULL, 10) : 0;
    if (value[digits + (unit ? 1 : 0)] || n > FP_AUDIT_SIZE_MAX >> shift ||
        n << shift < FP_STORE_LEAST)
        return bad(subcommand, "--record-size", value, "a size from 1M to 4G");
    options->record_size = n << shift;
    return 0;
}

static int set_file(const char **ret, const char *subcommand, const char *option,
                    const char *value) {
    if (!*value)
        return bad(subcommand, option, value, "a file's name");
    *ret = value;
    return 0;
}

/* "10s", "10s,end", "never". */
static int set_stall(struct fp_audit_options *options, const char *subcommand, const char *value) {
    char time[32];
    size_t length = strcspn(value, ",");
    const char *then = value + length;
    options->stall_ends = *then != '\0';
    options->stall_ns = 0;
    if (strcmp(value, "never") == 0)
        return 0;
    snprintf(time, sizeof time, "%.*s", length < sizeof time ? (int)length : 0, value);
    return fp_value_duration(time, &options->stall_ns) == 0 &&
                   (!*then || (options->stall_ns > 0 && strcmp(then, ",end") == 0))
               ? 0
               : bad(subcommand, "--stall", value, "a time such as 10s, or 10s,end, or never");
}

int fp_audit_options_set(struct fp_audit_options *options, const char *subcommand, int option,
                         const char *value) {
    switch (option) {
    case FORMAT:
        return set_format(options, subcommand, value);
    case OUTPUT:
        return set_output(options, subcommand, value);
    case FAIL_ON:
        return set_fail_on(options, subcommand, value);
    case ERROR_EXITCODE:
        return set_exitcode(options, subcommand, value);
    case SUPPRESSIONS:
        return add_suppressions(options, subcommand, value);
    case BASELINE:
        return set_file(&options->baseline, subcommand, "--baseline", value);
    case RECORD:
        return set_file(&options->record, subcommand, "--record", value);
    case RECORD_SIZE:
        return set_record_size(options, subcommand, value);
    default:
        return set_stall(options, subcommand, value);
    }
}

/* --- together --- */

static bool is_same_place(const struct fp_telling *a, const struct fp_telling *b,
                          const char *subcommand) {
    if (a->path && b->path)
        return strcmp(a->path, b->path) == 0;
    /* Of an audit, text has a place of its own. */
    bool apart = (a->as == FP_TOLD_TEXT) != (b->as == FP_TOLD_TEXT);
    return !a->path && !b->path && !(apart && strcmp(subcommand, "audit") == 0);
}

static int check_telling(const struct fp_audit_options *options, const char *subcommand,
                         size_t number) {
    const struct fp_telling *telling = &options->tellings[number];
    if (telling->path && options->record && strcmp(telling->path, options->record) == 0) {
        fp_say("%s: a report would take the place of the record: %s", subcommand, options->record);
        return -EINVAL;
    }
    for (size_t i = 0; i < number; i++)
        if (is_same_place(&options->tellings[i], telling, subcommand)) {
            fp_say("%s: two reports in one place: %s; each --format needs an --output of its own",
                   subcommand, telling->path ? telling->path : "no --output");
            return -EINVAL;
        }
    return 0;
}

int fp_audit_options_check(struct fp_audit_options *options, const char *subcommand) {
    int r = 0;
    if (options->telling_count == 0)
        options->telling_count = 1;
    for (size_t i = 0; i < options->telling_count; i++)
        if (options->tellings[i].as < 0)
            options->tellings[i].as = FP_TOLD_TEXT;
    for (size_t i = 0; r == 0 && i < options->telling_count; i++)
        r = check_telling(options, subcommand, i);
    return r;
}
