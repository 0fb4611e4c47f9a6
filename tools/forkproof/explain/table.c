/* Tables, and the timelines that are made of them, in the width that there is. */
#include <stdlib.h>
#include <string.h>

#include "explain/markdown.h"

enum { COLUMNS_MOST = 12, TABLE_GAP = 2, LIFE_GAP = 1, LIFE_MARK = 2 };

struct table {
    struct fp_rich (*rows)[COLUMNS_MOST]; /* the first is the head */
    size_t count, columns;
    size_t width[COLUMNS_MOST];
};

/* --- reading --- */

static bool is_rule(const char *line, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (!strchr("|-: ", line[i]))
            return false;
    return true;
}

/* Up to the next bar, or to the end; a bar after a backslash is text. */
static size_t cell_length(const char *text, size_t length) {
    size_t n = 0;
    while (n < length && text[n] != '|')
        n += text[n] == '\\' && n + 1 < length ? 2 : 1;
    return n;
}

static void read_row(struct table *table, const char *line, size_t length, bool colour) {
    struct fp_rich *row = table->rows[table->count++];
    memset(row, 0, sizeof table->rows[0]);
    size_t column = 0;
    for (size_t at = 1; at < length && column < COLUMNS_MOST; column++) {
        size_t n = cell_length(line + at, length - at);
        if (at + n >= length && strspn(line + at, " ") >= n)
            break; /* after the last bar */
        fp_markdown_inline(&row[column], line + at, n, colour);
        at += n + 1;
    }
    table->columns = column > table->columns ? column : table->columns;
}

static bool read_table(struct table *table, const char *text, bool colour) {
    size_t lines = 0, length;
    const char *line, *at = text;
    *table = (struct table){0};
    for (; *at == '|'; lines++)
        fp_next_line(&at, &length);
    table->rows = lines ? calloc(lines, sizeof table->rows[0]) : NULL;
    if (!table->rows)
        return false;
    for (at = text; *at == '|' && (line = fp_next_line(&at, &length));)
        if (!is_rule(line, length))
            read_row(table, line, length, colour);
    return true;
}

static void free_table(struct table *table) {
    for (size_t r = 0; r < table->count; r++)
        for (size_t c = 0; c < COLUMNS_MOST; c++)
            fp_rich_free(&table->rows[r][c]);
    free(table->rows);
}

/* --- widths --- */

static size_t widest_of(const size_t *width, const size_t *least, size_t count) {
    size_t widest = count;
    for (size_t i = 0; i < count; i++)
        if (width[i] > least[i] && (widest == count || width[i] > width[widest]))
            widest = i;
    return widest;
}

/* The widest gives way first; words are broken only when nothing else helps. */
static void fit(struct table *table, size_t *least, size_t room) {
    size_t total = 0;
    for (size_t c = 0; c < table->columns; c++)
        total += table->width[c];
    while (total > room) {
        size_t c = widest_of(table->width, least, table->columns);
        if (c == table->columns) {
            c = widest_of(least, (size_t[COLUMNS_MOST]){0}, table->columns);
            if (c == table->columns || least[c] <= 1)
                return;
            least[c]--;
            continue;
        }
        table->width[c]--;
        total--;
    }
}

/* `lead`: what stands before the text in all rows but the head; `apart`: between columns. */
static void measure(struct table *table, size_t room, size_t lead, size_t apart) {
    size_t least[COLUMNS_MOST] = {0};
    for (size_t c = 0; c < table->columns; c++)
        for (size_t r = 0; r < table->count; r++) {
            const struct fp_rich *cell = &table->rows[r][c];
            size_t off = r == 0 ? lead : 0, widest = fp_rich_widest(cell), all = cell->count;
            all = all > off ? all - off : 1;
            widest = widest > off ? widest - off : 1;
            table->width[c] = all > table->width[c] ? all : table->width[c];
            least[c] = widest > least[c] ? widest : least[c];
        }
    size_t taken = table->columns * lead + (table->columns - 1) * apart;
    fit(table, least, room > taken ? room - taken : 1);
}

/* --- printing --- */

/* The next line of a cell within the width; how wide it is. */
static size_t print_piece(struct fp_ink *ink, const struct fp_rich *cell, size_t *at,
                          size_t width) {
    if (*at >= cell->count)
        return 0;
    size_t from = *at, end = fp_rich_break(cell, from, width, at);
    fp_ink_glyphs(ink, cell, from, end);
    return end - from;
}

static bool has_more(const struct table *table, const struct fp_rich *row, const size_t *at) {
    for (size_t c = 0; c < table->columns; c++)
        if (at[c] < row[c].count)
            return true;
    return false;
}

static void restyle(struct fp_rich *cell, unsigned char from, unsigned char to) {
    for (size_t i = 0; i < cell->count; i++)
        if (cell->glyphs[i].style == from)
            cell->glyphs[i].style = to;
}

static void print_row(struct fp_ink *ink, const struct table *table, const struct fp_rich *row,
                      size_t indent, size_t more, size_t apart) {
    size_t at[COLUMNS_MOST] = {0};
    do {
        fp_ink_blank(ink, indent);
        for (size_t c = 0; c < table->columns; c++) {
            size_t width = table->width[c] + more;
            fp_ink_blank(ink, width - print_piece(ink, &row[c], &at[c], width) + apart);
        }
        fp_ink_newline(ink);
    } while (has_more(table, row, at));
}

static void print_rule(struct fp_ink *ink, const struct table *table, size_t indent) {
    fp_ink_blank(ink, indent);
    for (size_t c = 0; c < table->columns; c++) {
        for (size_t i = 0; i < table->width[c]; i++)
            fp_ink_put(ink, FP_FAINT, "─");
        fp_ink_blank(ink, TABLE_GAP);
    }
    fp_ink_newline(ink);
}

static void print_head(struct fp_ink *ink, struct table *table, size_t indent, size_t more,
                       size_t apart) {
    for (size_t c = 0; c < table->columns; c++)
        restyle(&table->rows[0][c], FP_PLAIN, FP_STRONG);
    print_row(ink, table, table->rows[0], indent, more, apart);
}

void fp_table_print(struct fp_ink *ink, const char *text, size_t indent) {
    struct table table;
    if (!read_table(&table, text, ink->colour)) {
        ink->cut |= *text == '|';
        return;
    }
    if (table.columns > 0) {
        measure(&table, ink->width > indent ? ink->width - indent : 1, 0, TABLE_GAP);
        print_head(ink, &table, indent, 0, TABLE_GAP);
        print_rule(ink, &table, indent);
        for (size_t r = 1; r < table.count; r++)
            print_row(ink, &table, table.rows[r], indent, 0, TABLE_GAP);
    }
    free_table(&table);
}

/* --- timelines --- */

static bool hurts(const struct fp_rich *cell) {
    for (size_t i = 0; i < cell->count; i++)
        if (cell->glyphs[i].style == FP_UNSAFE)
            return true;
    return false;
}

static void print_life(struct fp_ink *ink, const struct fp_rich *cell, size_t at) {
    if (at > 0 || cell->count == 0)
        fp_ink_put(ink, FP_FAINT, "│");
    else
        fp_ink_put(ink, hurts(cell) ? FP_UNSAFE : FP_FAINT, hurts(cell) ? "╳" : "├");
    fp_ink_blank(ink, LIFE_MARK - 1);
}

static void print_step(struct fp_ink *ink, const struct table *table, struct fp_rich *row,
                       size_t indent) {
    size_t at[COLUMNS_MOST] = {0};
    do {
        fp_ink_blank(ink, indent);
        for (size_t c = 0; c < table->columns; c++) {
            size_t width = table->width[c];
            print_life(ink, &row[c], at[c]);
            fp_ink_blank(ink, width - print_piece(ink, &row[c], &at[c], width) + LIFE_GAP);
        }
        fp_ink_newline(ink);
    } while (has_more(table, row, at));
}

static void print_life_table(struct fp_ink *ink, struct table *table, size_t indent) {
    measure(table, ink->width > indent ? ink->width - indent : 1, LIFE_MARK, LIFE_GAP);
    print_head(ink, table, indent, LIFE_MARK, LIFE_GAP);
    for (size_t r = 1; r < table->count; r++) {
        for (size_t c = 0; c < table->columns; c++)
            restyle(&table->rows[r][c], FP_STRONG, FP_UNSAFE);
        print_step(ink, table, table->rows[r], indent);
    }
}

void fp_timeline_print(struct fp_ink *ink, const char *text, size_t indent) {
    struct table table;
    size_t length = 0; /* of the table's last line; 0: there is no table */
    /* Where each step has its place code needs no marks. */
    if (read_table(&table, text, true)) {
        if (table.columns > 0)
            print_life_table(ink, &table, indent);
        free_table(&table);
    } else {
        ink->cut |= *text == '|';
    }
    while (*text == '|')
        fp_next_line(&text, &length);
    if (length > 0 && text[strspn(text, " \n")])
        fp_ink_newline(ink);
    fp_markdown_print(ink, text, indent);
}
