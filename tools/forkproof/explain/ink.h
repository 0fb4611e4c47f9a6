/* Text on its way to a terminal, a pager or a file: characters with styles, wrapped by the caller.
 */
#ifndef FP_INK_H
#define FP_INK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum fp_style { FP_PLAIN, FP_STRONG, FP_CODE, FP_HEAD, FP_FAINT, FP_SAFE, FP_UNSAFE, FP_STYLES };

/* One character; a column wide. */
struct fp_glyph {
    char bytes[5];
    unsigned char style;
};

/* Grows as text is added; zeroed at first. Without memory it is short, and `cut`. */
struct fp_rich {
    struct fp_glyph *glyphs;
    size_t count, room;
    bool cut;
};

struct fp_ink {
    FILE *out;
    size_t width;
    bool colour; /* else styles are not shown, but for the marks that stand for them */
    bool utf8;   /* else in ASCII */
    bool cut;    /* something was left out for want of memory */
    size_t blanks;
    unsigned char style;
};

/* Any bytes: what a terminal would obey or not understand is shown as fp_escape does. */
void fp_rich_add(struct fp_rich *rich, enum fp_style style, const char *text, size_t length);
void fp_rich_put(struct fp_rich *rich, enum fp_style style, const char *text);
void fp_rich_free(struct fp_rich *rich);

/*
 * Where a line from `from` ends that is at most so wide, whole words if it can be; *ret_next is
 * where the next one begins. At least one character, unless there is none.
 */
size_t fp_rich_break(const struct fp_rich *rich, size_t from, size_t width, size_t *ret_next);

/* The widest word. */
size_t fp_rich_widest(const struct fp_rich *rich);

void fp_ink_glyphs(struct fp_ink *ink, const struct fp_rich *rich, size_t from, size_t to);
void fp_ink_put(struct fp_ink *ink, enum fp_style style, const char *text);

/* So many blanks, unless the line ends here. */
void fp_ink_blank(struct fp_ink *ink, size_t count);
void fp_ink_newline(struct fp_ink *ink);

/* The text wrapped, from the column that the line has come to; what follows begins at `indent`. */
void fp_ink_wrapped(struct fp_ink *ink, const struct fp_rich *rich, size_t column, size_t indent);

/* How wide, and how high (0: no terminal), what standard output shows is. */
size_t fp_ink_width(void);
size_t fp_ink_height(void);

/* With what standard output can show; writes to `out`. */
struct fp_ink fp_ink_new(FILE *out);

#endif
