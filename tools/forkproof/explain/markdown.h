/* The Markdown of the catalogue (conformance/README.md) on a terminal. Any text is safe. */
#ifndef FP_MARKDOWN_H
#define FP_MARKDOWN_H

#include "explain/ink.h"

/* Paragraphs, lists, tables, code blocks. */
void fp_markdown_print(struct fp_ink *ink, const char *text, size_t indent);

/* Within a line: `code`, **strong**, links. Without colour code keeps its marks. */
void fp_markdown_inline(struct fp_rich *rich, const char *text, size_t length, bool colour);

/* The table that the text begins with. */
void fp_table_print(struct fp_ink *ink, const char *text, size_t indent);

/* The same as steps below each other, a line of life for each column; then the rest of the text. */
void fp_timeline_print(struct fp_ink *ink, const char *text, size_t indent);

/* The next line without its end; *at goes to the one after. NULL: there is none. */
const char *fp_next_line(const char **at, size_t *ret_length);

#endif
