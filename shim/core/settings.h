/*
 * What this image was started with: its options, and the part of the environment that makes the
 * preload work, kept so that an exec with another environment can have it too.
 *
 * Read once, when the object is loaded; before that (calls from other objects' constructors) the
 * defaults hold. Bytes are copied: programs overwrite their own argv and environment.
 */
#ifndef FP_SETTINGS_H
#define FP_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "options.h"

/* 1 in libforkproof-audit.so. Costs libforkproof.so nothing: what asks for it is compiled away. */
#ifndef FP_AUDIT
#define FP_AUDIT 0
#endif

/*
 * Room for the kept strings. A preload path that does not fit, or that cannot be made absolute, is
 * not kept, and that is said.
 */
#define FP_KEPT_SIZE 1536

struct fp_settings {
    struct fp_options options;
    bool said; /* this image or an earlier one has said that what was asked for cannot be had */
    const char *preload; /* our own item of LD_PRELOAD, never a relative path; NULL: none to keep */
    const char *text;    /* "FORKPROOF_OPTIONS=…", or NULL */
    const char *run;     /* "FORKPROOF_RUN=…", or NULL */
    const char *ledger;  /* "FORKPROOF_LEDGER=…", or NULL */
    const char *runtime; /* the value of FORKPROOF_RUNTIME_DIR, or NULL */
    const char *runtime_text; /* "FORKPROOF_RUNTIME_DIR=…", or NULL */
    const char *group; /* that of FORKPROOF_GROUP while the environment is read, not copied */
#if FP_AUDIT
    const char *record; /* "FORKPROOF_RECORD=…", or NULL */
#endif
};

extern struct fp_settings fp_settings;

/* The variable that names the record of an audit, or NULL. */
static inline const char *fp_settings_record(const struct fp_settings *settings) {
#if FP_AUDIT
    return settings->record;
#else
    (void)settings;
    return NULL;
#endif
}

/*
 * Reads envp (may be NULL). Complains of bad options in one line on stderr, once. In a program that
 * has rights which its caller has not (AT_SECURE) nothing counts that stands there, and so nothing
 * is contained: it may be a member of a run.
 */
void fp_settings_read(char *const *envp);

/* The item of an LD_PRELOAD list that is this library, or NULL. */
const char *fp_preload_item(const char *list, size_t *ret_length);

/* The value of `name` when `variable` is "name=value", else NULL. */
const char *fp_variable_value(const char *variable, const char *name);

#endif
