/* `forkproof run`, and `forkproof audit`, which is a run with a record: what guard and supervisor
 * both need, made before they part. */
#ifndef FP_RUN_H
#define FP_RUN_H

#include <signal.h>

#include "attribution.h"
#include "audit/command/command.h"
#include "cli.h"
#include "contain/contain.h"
#include "facts.h"
#include "image.h"
#include "pids.h"
#include "report/report.h"
#include "rundir.h"

struct fp_run {
    struct fp_cli cli;
    char **argv; /* of the command itself, whole; what `cli` points to is a copy */
    char *library;
    char **environment; /* the root's */
    struct fp_image image;
    struct fp_rundir rundir;
    struct fp_report_file report;
    struct fp_contain contain;
    struct fp_attribution attribution;
    struct fp_pids pids;
    struct fp_audit_run audit;
    struct fp_facts *facts;      /* shared */
    struct fp_members strangers; /* children the caller had before it became us */
    char marker[64];             /* FORKPROOF_RUN=… */
    unsigned closed_standard;    /* which of 0 to 2 the program must find closed */
    bool is_weaker;              /* than asked for by name: to be told once the program is placed */
    int stderr_fd;               /* the caller's; -1 below the guard */
    int guard_fd;                /* a pidfd of the guard, opened by itself; -1 */
    sigset_t inherited_mask;
    struct sigaction inherited_sigchld;
};

/* argv[0] is the subcommand, all_argv the command's whole argv. The command's exit status. */
int fp_run_main(int argc, char **argv, char **all_argv);

/* Into the facts: by what the program is held now. */
void fp_run_note_rung(struct fp_run *run);

/* That a weaker rung than the one asked for holds it. */
void fp_run_tell_rung(const struct fp_run *run);

/* Whether what is left is to be ended. */
bool fp_run_ends_members(const struct fp_run *run);

/* Closes every descriptor above 2 but the run's and the caller's own (at most 8). */
void fp_run_keep_only(const struct fp_run *run, const int *own, size_t count);

/* Report and run directory: by whoever outlives the other. */
void fp_run_conclude(struct fp_run *run);

#endif
