/* JSON written as it is made: nothing is held in memory but one string at a time. */
#ifndef FP_EMIT_H
#define FP_EMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Zeroed but for `out` and `lines`. */
struct fp_emit {
    FILE *out;
    unsigned lines; /* what lies deeper than this stays on its line */
    unsigned depth;
    bool follows; /* something stands before the next one */
    int error;    /* the first, as -errno: whatever comes after it is not written */
};

/* A key of NULL: an element of an array. `bracket` is '{' or '['. */
void fp_emit_open(struct fp_emit *e, const char *key, char bracket);
void fp_emit_close(struct fp_emit *e, char bracket); /* '}' or ']' */

/*
 * Any bytes: what is not UTF-8 becomes U+FFFD, and <, >, & are written as \u00XX, so that the text
 * may stand in a page's script element. NULL: null.
 */
void fp_emit_string(struct fp_emit *e, const char *key, const char *text);
void fp_emit_strings(struct fp_emit *e, const char *key, const char *const *list, size_t count);
void fp_emit_format(struct fp_emit *e, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void fp_emit_integer(struct fp_emit *e, const char *key, int64_t value);
/* Not above INT64_MAX: readers of JSON, our own among them, refuse more. */
void fp_emit_unsigned(struct fp_emit *e, const char *key, uint64_t value);
void fp_emit_bool(struct fp_emit *e, const char *key, bool value);
/* Nanoseconds, as microseconds with three digits after the point. */
void fp_emit_microseconds(struct fp_emit *e, const char *key, uint64_t ns);

/* Ends the text with a line's end and flushes. 0, or the first error. */
int fp_emit_end(struct fp_emit *e);

#endif
