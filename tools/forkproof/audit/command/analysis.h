/*
 * From a record to reports, in a process of its own: what it reads, the record and the images that
 * it names, may be hostile, and what that does to it must not reach the command.
 */
#ifndef FP_ANALYSIS_H
#define FP_ANALYSIS_H

#include "audit/command/options.h"

struct fp_analysis {
    struct fp_audit_options *options;
    const char *subcommand; /* who says what is wrong */
    int record_fd;
    const char *directory; /* NULL: that of the record */
    int out_fd, text_fd; /* where reports without a file go: all but text, and text; -1: nowhere */
    int say_fd;          /* where the line goes that sums it up; -1: nowhere */
    int signal_fd;       /* with signals that end it early; -1 */
    bool quiet;
    const char *kept; /* where the record is, when there is no report after all; NULL */
};

/* Whether there is an analysis in this build, and its input is good. -errno after lines that say
 * what is wrong. */
int fp_analysis_check(struct fp_audit_options *options, const char *subcommand);

/* The exit status that comes of it: 0, --error-exitcode, or 125 after one line. Files of reports
 * are put in their place when they are whole, else they are discarded. */
int fp_analysis_run(const struct fp_analysis *analysis);

#endif
