/* The command line of `forkproof run`, and of `forkproof audit`, which has all that run has. */
#ifndef FP_CLI_H
#define FP_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/command/options.h"
#include "contain/contain.h"

#define FP_KEEP_MAX 64
#define FP_MAX_PROCS 4194304 /* pids there can be */

enum fp_until { FP_UNTIL_ROOT, FP_UNTIL_EMPTY };

struct fp_cli {
    enum fp_rung contain;
    enum fp_until until;
    bool strict, no_kill, quiet, help;
    int signal;
    int64_t grace_ns;
    unsigned max_procs; /* 0: no limit */
    const char *report; /* NULL: none */
    const char *name;   /* NULL: none */
    const char *keep[FP_KEEP_MAX];
    size_t keep_count;
    char *options;  /* for FORKPROOF_OPTIONS; "" when there are none */
    char **program; /* argv of the root */
    bool is_audit;
    struct fp_audit_options audit;
};

/* -EINVAL after one line on stderr. argv[0] is the subcommand. */
int fp_cli_parse(int argc, char **argv, struct fp_cli *ret);

extern const char fp_cli_run_help[];

#endif
