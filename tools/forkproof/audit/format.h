/* The formats that an audit is told in. One model goes in (finding.h), text for one reader out. */
#ifndef FP_FORMAT_H
#define FP_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "explain/gotcha.h"
#include "finding.h"

/* For fail_on, beside enum fp_severity: no finding fails. */
enum { FP_NEVER = FP_ERROR + 1 };

struct fp_format {
    const struct fp_gotcha *gotchas; /* the rules: those whose `audit` is not empty */
    size_t gotcha_count;
    int fail_on;           /* the least severity that fails, or FP_NEVER */
    bool colour;           /* of the text */
    const char *fall_back; /* file for what has no place in a source (SARIF); NULL: none */
};

/* Each writes the whole report. 0; -errno of the stream, or -ENOMEM: what is written is not whole.
 */
int fp_format_text(FILE *out, const struct fp_audit *audit, const struct fp_format *format);
int fp_format_json(FILE *out, const struct fp_audit *audit, const struct fp_format *format);
int fp_format_junit(FILE *out, const struct fp_audit *audit, const struct fp_format *format);
int fp_format_sarif(FILE *out, const struct fp_audit *audit, const struct fp_format *format);
int fp_format_html(FILE *out, const struct fp_audit *audit, const struct fp_format *format);
int fp_format_trace(FILE *out, const struct fp_audit *audit, const struct fp_format *format);

/* --- what formats share (format/pieces.c) --- */

/* The finding makes the audit fail: severe enough, not in the baseline, not suppressed. */
bool fp_finding_fails(const struct fp_finding *finding, int fail_on);

/* "error", "warning", "note". */
const char *fp_severity_word(enum fp_severity severity);

/* The process of the finding, or that of an index; NULL: not known. */
const struct fp_process *fp_audit_process(const struct fp_audit *audit, int index);

/*
 * A source's path relative to the run's directory where it lies below it, else as it is; "." and
 * ".." are resolved in the text, as no file may be there to ask. Allocated; NULL without memory.
 */
char *fp_path_below(const char *directory, const char *path);

/* Behind the last slash; the whole where there is none. */
const char *fp_path_base(const char *path);

/* 0, or -errno of what was written so far. */
int fp_format_end(FILE *out);

#endif
