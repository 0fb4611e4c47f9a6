/* FORKPROOF_OPTIONS="key=value:key=value": one parser for the shim and for the tools. */
#ifndef FP_OPTIONS_H
#define FP_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* What to do with a signal for a pid that was this process's child and has been reaped. */
enum fp_stale {
    FP_STALE_DENY,   /* ESRCH, unless it is a child again */
    FP_STALE_REPORT, /* the same, and a line on stderr */
    FP_STALE_ALLOW,  /* as bare */
};

/* What a kill of one's own child reaches. */
enum fp_kill { FP_KILL_PROCESS, FP_KILL_TREE };

/* What becomes of the preload when a program execs with an environment of its own. */
enum fp_env {
    FP_ENV_KEEP,    /* added for the exec; the new image sees the environment it was given */
    FP_ENV_RESTORE, /* the same, and no image sees anything of forkproof in its environment */
    FP_ENV_OFF,     /* left as the program wants it */
};

/* What writing to a pipe that nobody reads does. */
enum fp_sigpipe { FP_SIGPIPE_KEEP, FP_SIGPIPE_EPIPE };

/* Whether the pipes that the program makes are inherited over exec. */
enum fp_pipes { FP_PIPES_KEEP, FP_PIPES_CLOEXEC };

/* Where a relative program path is looked for by a child that has changed its directory. */
enum fp_exec { FP_EXEC_LIBC, FP_EXEC_PARENT_DIR };

/* What ends what a program has started, when no `forkproof run` does. */
enum fp_containment { FP_CONTAIN_GROUP, FP_CONTAIN_GUARD, FP_CONTAIN_OFF };

/* Whether signals to processes outside the run are refused, under `forkproof run`. */
enum fp_confinement { FP_CONFINE_OFF, FP_CONFINE_ON };

/* Each word holds a value of its enumeration. */
struct fp_options {
    unsigned zombies; /* unreaped children left alone before the oldest are stashed; 0 = all */
    unsigned stale, kill, env, sigpipe, pipes, exec, contain, confine;
    unsigned verbose; /* 1: what the shim does is said on stderr */
};

/* Where a text went wrong: `at` points into the text and is `length` bytes long. */
struct fp_options_error {
    const char *at;
    size_t length;
    const char *what;     /* "unknown option", "bad value", "no '='" */
    const char *expected; /* of a bad value: "one|two"; or NULL */
};

extern const struct fp_options fp_options_default;

/*
 * Reads `text` over the defaults. Every good pair takes effect even when another one is bad.
 * False when something was bad; then *ret_error names the first.
 * Async-signal-safe; no libc.
 */
bool fp_options_parse(const char *text, struct fp_options *ret_options,
                      struct fp_options_error *ret_error);

#endif
