/* `forkproof audit`, which is run with more, and `forkproof report`. docs/audit.md */
#ifndef FP_AUDIT_COMMAND_H
#define FP_AUDIT_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "audit/command/store.h"
#include "audit/stall.h"
#include "report/report.h"

struct fp_run;

/* What an audit adds to a run. */
struct fp_audit_run {
    struct fp_store store;
    struct fp_report_file record; /* --record */
    struct fp_stall stall;        /* the guard's */
    int stdout_fd;                /* for a report that goes there; -1 */
    char *directory;              /* that the run was started in; NULL: not known */
};

#define FP_AUDIT_RUN_CLOSED                                                                        \
    {                                                                                              \
        .store = {.fd = -1}, .record = {.fd = -1, .dir_fd = -1}, .stall = FP_STALL_CLOSED,         \
        .stdout_fd = -1                                                                            \
    }

/* Before anything is started or leaves a trace: what can be found wrong. -errno after one line. */
int fp_audit_check(struct fp_run *run);

/* Makes the record, and opens all that is to be written. -errno after one line. */
int fp_audit_prepare(struct fp_run *run);

/* The root waits at its barrier. */
void fp_audit_begin(struct fp_run *run);

/* Descriptors of an audit that guard, keeper and supervisor keep: at most this many. */
#define FP_AUDIT_FDS 24
size_t fp_audit_list_fds(const struct fp_run *run, int *ret_fds);

/* In the guard, from when on its descriptors are its own: looks for a stall (--stall). */
void fp_audit_watch(struct fp_run *run);

/* Nothing comes of it: takes back what was opened. */
void fp_audit_discard(struct fp_run *run);

/*
 * Once all members have ended: completes and saves the record, and tells what is in it. The exit
 * status that this asks for when the program itself has not failed: 0, --error-exitcode, 125.
 */
int fp_audit_conclude(struct fp_run *run, int signal_fd);

/* argv[0] is the subcommand. */
int fp_report_main(int argc, char **argv);

extern const char fp_audit_help[];

#endif
