/* The options that `forkproof audit` has beside those of run, and those of `forkproof report`. */
#ifndef FP_AUDIT_OPTIONS_H
#define FP_AUDIT_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/report.h"

#define FP_TELLINGS 8
#define FP_SUPPRESSION_FILES 16

enum fp_told {
    FP_TOLD_TEXT,
    FP_TOLD_JSON,
    FP_TOLD_SARIF,
    FP_TOLD_JUNIT,
    FP_TOLD_HTML,
    FP_TOLD_TRACE
};

/* One report: a format and where it goes. */
struct fp_telling {
    int as;           /* enum fp_told; -1: not said yet */
    const char *path; /* NULL: the format's own place */
    struct fp_report_file file;
};

struct fp_known; /* suppressions and baseline, read */

struct fp_audit_options {
    struct fp_telling tellings[FP_TELLINGS];
    size_t telling_count;
    int fail_on; /* enum fp_severity, or FP_NEVER */
    int error_exitcode;
    const char *suppressions[FP_SUPPRESSION_FILES];
    size_t suppression_count;
    const char *baseline; /* NULL: none */
    const char *record;   /* NULL: it is not kept */
    uint64_t record_size;
    int64_t stall_ns; /* 0: not looked for */
    bool stall_ends;  /* the run, then */
    bool quiet;       /* of report; audit has that of run */
    struct fp_known *known;
};

/* With what holds when nothing is said. */
void fp_audit_options_init(struct fp_audit_options *options);

/* For getopt_long; numbers from FP_AUDIT_OPTION_FIRST on. Those of both subcommands, then audit's.
 */
#define FP_AUDIT_OPTION_FIRST 512
extern const struct option fp_audit_shared_options[], fp_audit_own_options[];

/* -EINVAL after one line, which begins with the subcommand. */
int fp_audit_options_set(struct fp_audit_options *options, const char *subcommand, int option,
                         const char *value);

/* When all are known: -EINVAL after one line when they contradict each other.
 */
int fp_audit_options_check(struct fp_audit_options *options, const char *subcommand);

#endif
