/* Patterns over names of functions and files. */
#ifndef FP_GLOB_H
#define FP_GLOB_H

#include <stdbool.h>

/*
 * `*` stands for any text, also with slashes, `?` for one character, `\` takes the next one as it
 * is. Brackets stand for themselves, as C++ names hold them. In time of at most length times
 * length.
 */
bool fp_glob(const char *pattern, const char *text);

/*
 * A pattern that matches the text, and little else: of printable characters on one line, without
 * blanks at its ends, at most about 200 bytes. Allocated; NULL without memory.
 */
char *fp_glob_for(const char *text);

#endif
