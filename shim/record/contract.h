/* What the shim and the tools agree on. Plain C constants; both sides include it. */
#ifndef FP_CONTRACT_H
#define FP_CONTRACT_H

/* What all our variables begin with. */
#define FP_ENV_PREFIX "FORKPROOF_"

/* key=value:key=value, read once by the shim in each image; validated by the tools beforehand. */
#define FP_ENV_OPTIONS "FORKPROOF_OPTIONS"

/* The run's identifier: set by `forkproof run` for every member. */
#define FP_ENV_RUN "FORKPROOF_RUN"

/*
 * The path by which a member opens the run's ledger (ledger.h), in the pid namespace of the
 * members: set by `forkproof run`.
 */
#define FP_ENV_LEDGER "FORKPROOF_LEDGER"

/*
 * The path by which a member opens the record of an audit (audit.h), in the pid namespace of the
 * members: set by `forkproof audit`.
 */
#define FP_ENV_RECORD "FORKPROOF_RECORD"

/* Set over exec once it is said that options are bad or cannot be had, so that it is said once. */
#define FP_ENV_SAID "FORKPROOF_SAID"

/*
 * Over one exec: which variables the shim added to an environment that lacked them, a letter each
 * (FP_KEPT_…). The new image takes them out again before the program looks.
 */
#define FP_ENV_KEPT "FORKPROOF_KEPT"
#define FP_KEPT_PRELOAD 'p' /* LD_PRELOAD as a whole */
#define FP_KEPT_ITEM 'i'    /* the last item of LD_PRELOAD, without a colon before it */
#define FP_KEPT_MERGED 'm'  /* the last item of LD_PRELOAD, with the colon before it */
#define FP_KEPT_OPTIONS 'o'
#define FP_KEPT_RUN 'r'
#define FP_KEPT_LEDGER 'l'
#define FP_KEPT_RECORD 'c'
#define FP_KEPT_SAID 's'
#define FP_KEPT_GROUP 'g'
#define FP_KEPT_RUNTIME 'd'

/*
 * Over one exec of a member of a program that is contained without `forkproof run`: PID:REGISTER,
 * the process that wrote it and the path of its register.
 */
#define FP_ENV_GROUP "FORKPROOF_GROUP"

/* Where `forkproof run` keeps its run directories; default below. */
#define FP_ENV_RUNTIME_DIR "FORKPROOF_RUNTIME_DIR"

/* The path of libforkproof.so, when it is not beside the command. */
#define FP_ENV_LIBRARY "FORKPROOF_LIBRARY"

#define FP_LIBRARY_NAME "libforkproof.so"

/* The same with what an audit adds; found as that is, and beside it. */
#define FP_AUDIT_LIBRARY_NAME "libforkproof-audit.so"

/* Exit statuses of the command that are not the program's own. */
#define FP_EXIT_FAILED 125         /* forkproof itself failed */
#define FP_EXIT_CANNOT_EXECUTE 126 /* the program was found and could not be executed */
#define FP_EXIT_NOT_FOUND 127      /* the program was not found */

/* Zombies a program may leave unreaped before the oldest are reaped into the stash. */
#define FP_DEFAULT_ZOMBIES 64
#define FP_MAX_ZOMBIES 1000000

#endif
