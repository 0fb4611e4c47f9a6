/* FORKPROOF_OPTIONS="key=value:key=value": one parser for the shim and for the tools. */
#ifndef FP_OPTIONS_H
#define FP_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* What to do with a signal for a pid that was this process's child and has been reaped. */
enum fp_stale { FP_STALE_DENY, FP_STALE_ALLOW };

/* What becomes of the preload when a program execs with an environment of its own. */
enum fp_env { FP_ENV_KEEP, FP_ENV_OFF };

struct fp_options {
    unsigned
        zombies; /* unreaped children left alone before the oldest zombies are stashed; 0 = all */
    enum fp_stale stale;
    enum fp_env env;
};

/* Where a text went wrong: `at` points into the text and is `length` bytes long. */
struct fp_options_error {
    const char *at;
    size_t length;
    const char *what; /* "unknown option", "bad value", "no '='" */
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
