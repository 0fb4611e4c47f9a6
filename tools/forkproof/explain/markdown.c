#include "explain/markdown.h"

#include <ctype.h>
#include <string.h>

enum { CODE_INDENT = 2 };

const char *fp_next_line(const char **at, size_t *ret_length) {
    const char *line = *at;
    if (!*line)
        return NULL;
    *ret_length = strcspn(line, "\n");
    *at = line + *ret_length + (line[*ret_length] == '\n');
    return line;
}

static size_t leading_blanks(const char *line) {
    return strspn(line, " ");
}

/* The length of what makes a line an item of a list, with what stands before it; 0: it is none. */
static size_t item_mark(const char *line) {
    size_t blanks = leading_blanks(line);
    const char *at = line + blanks;
    size_t digits = strspn(at, "0123456789");
    if (digits > 0 && digits < 4 && at[digits] == '.' && at[digits + 1] == ' ')
        return blanks + digits + 2;
    return (*at == '-' || *at == '*') && at[1] == ' ' ? blanks + 2 : 0;
}

static bool is_fence(const char *line) {
    return strncmp(line + leading_blanks(line), "```", 3) == 0;
}

static bool is_table(const char *line) {
    return *line == '|';
}

static bool is_empty(const char *line) {
    size_t blanks = strspn(line, " \t");
    return line[blanks] == '\n' || line[blanks] == '\0';
}

/* What goes on in the next line goes on. */
static const char *end_of_text(const char *at) {
    size_t length;
    while (*at && !is_empty(at) && !is_fence(at) && !is_table(at) && !item_mark(at))
        fp_next_line(&at, &length);
    return at;
}

static void print_text(struct fp_ink *ink, const char *from, const char *to, size_t column,
                       size_t indent) {
    struct fp_rich rich = {0};
    fp_markdown_inline(&rich, from, (size_t)(to - from), ink->colour);
    fp_ink_wrapped(ink, &rich, column, indent);
    fp_rich_free(&rich);
}

static const char *paragraph(struct fp_ink *ink, const char *at, size_t indent) {
    size_t length;
    const char *from = at;
    fp_next_line(&at, &length); /* whatever it is, it is taken */
    at = end_of_text(at);
    fp_ink_blank(ink, indent);
    print_text(ink, from, at, indent, indent);
    return at;
}

static const char *item(struct fp_ink *ink, const char *at, size_t indent) {
    size_t mark = item_mark(at), blanks = leading_blanks(at), length;
    const char *text = at + mark, *after = at;
    struct fp_rich rich = {0};
    fp_next_line(&after, &length);
    after = end_of_text(after);
    fp_rich_add(&rich, FP_PLAIN, at + blanks, mark - blanks);
    fp_ink_blank(ink, indent + blanks);
    fp_ink_glyphs(ink, &rich, 0, rich.count);
    fp_rich_free(&rich);
    print_text(ink, text, after, indent + mark, indent + mark);
    return after;
}

static void code_line(struct fp_ink *ink, const char *line, size_t length, size_t indent) {
    struct fp_rich rich = {0};
    size_t blanks = strspn(line, " ");
    blanks = blanks < length ? blanks : length;
    for (size_t i = blanks, n; i < length; i += n + (i + n < length)) {
        n = strcspn(line + i, "\t\n");
        fp_rich_add(&rich, FP_CODE, line + i, n);
        if (i + n < length)
            fp_rich_put(&rich, FP_CODE, "    ");
    }
    fp_ink_blank(ink, indent + blanks);
    fp_ink_glyphs(ink, &rich, 0, rich.count);
    fp_ink_newline(ink);
    fp_rich_free(&rich);
}

/* Not wrapped. */
static const char *code_block(struct fp_ink *ink, const char *at, size_t indent) {
    size_t length, outer = leading_blanks(at);
    const char *line;
    fp_next_line(&at, &length);
    while ((line = fp_next_line(&at, &length)) && !is_fence(line)) {
        size_t skip = leading_blanks(line);
        skip = skip < outer ? skip : outer;
        code_line(ink, line + skip, length - skip, indent + outer + CODE_INDENT);
    }
    return at;
}

static const char *table(struct fp_ink *ink, const char *at, size_t indent) {
    size_t length;
    fp_table_print(ink, at, indent);
    while (is_table(at))
        fp_next_line(&at, &length);
    return at;
}

void fp_markdown_print(struct fp_ink *ink, const char *text, size_t indent) {
    bool first = true, apart = false, was_item = false;
    size_t length;
    for (const char *at = text; *at;) {
        if (is_empty(at)) {
            apart = true;
            fp_next_line(&at, &length);
            continue;
        }
        bool is_item = item_mark(at) > 0;
        if (!first && (apart || !is_item || !was_item))
            fp_ink_newline(ink);
        at = is_fence(at)   ? code_block(ink, at, indent)
             : is_table(at) ? table(ink, at, indent)
             : is_item      ? item(ink, at, indent)
                            : paragraph(ink, at, indent);
        first = apart = false;
        was_item = is_item;
    }
}
