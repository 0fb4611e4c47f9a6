/* Text from strangers (argv, comm, paths) made safe for a terminal and for JSON. */
#ifndef FP_ESCAPE_H
#define FP_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

/* The length of the well-formed UTF-8 character that text begins with, 0 if with none; left > 0. */
size_t fp_utf8(const char *text, size_t left);

/*
 * The character is well-formed and no control character, but a reader may see another text than a
 * program does: marks of writing direction, separators of lines, blanks without width.
 */
bool fp_misleads(const char *character, size_t length);

/*
 * For a terminal: control characters and bytes that are not UTF-8 become \n, \t, \xNN, and what
 * misleads \uNNNN.
 * Writes at most size - 1 bytes and a NUL, whole characters only; returns the bytes written.
 */
size_t fp_escape(const char *text, size_t length, char *ret, size_t size);

/* For JSON: what is not UTF-8 becomes U+FFFD. As above. 3 * length + 1 bytes always suffice. */
size_t fp_escape_utf8(const char *text, size_t length, char *ret, size_t size);

#endif
