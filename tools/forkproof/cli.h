/* The command line of `forkproof run`. */
#ifndef FP_CLI_H
#define FP_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "contain/contain.h"

struct fp_cli {
    enum fp_rung contain;
    bool strict, no_kill, quiet, help;
    int signal;
    int64_t grace_ns;
    const char *report; /* NULL: none */
    char *options;      /* for FORKPROOF_OPTIONS; "" when there are none */
    char **program;     /* argv of the root */
};

/* -EINVAL after one line on stderr. argv[0] is the subcommand. */
int fp_cli_parse(int argc, char **argv, struct fp_cli *ret);

extern const char fp_cli_run_help[];

#endif
