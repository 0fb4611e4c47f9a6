/* Parts of the text format that other formats hold too. */
#ifndef FP_TEXT_H
#define FP_TEXT_H

#include "format.h"

/*
 * Shown, never obeyed: control characters, what is not UTF-8 and what misleads a reader becomes \n,
 * \xNN or \uNNNN. More than `most` bytes of output are cut, and the text's whole length is said.
 * NULL: nothing.
 */
void fp_text_put(FILE *out, const char *text, size_t most);

/* The arguments on one line, shortened; those with blanks or quotes are quoted. */
void fp_text_argv(FILE *out, const char *const *argv, size_t argc);

/* One finding, from its verdict to the line that suppresses it. */
void fp_text_finding(FILE *out, const struct fp_audit *audit, const struct fp_finding *finding,
                     bool colour);

#endif
