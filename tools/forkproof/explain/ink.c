#include "explain/ink.h"

#include <ctype.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "escape.h"

enum { WIDTH = 80, WIDTH_MOST = 100, WIDTH_LEAST = 30 };

static const char *const codes[FP_STYLES] = {"",        "\033[1m",    "\033[36m",  "\033[1;34m",
                                             "\033[2m", "\033[1;32m", "\033[1;31m"};

/* --- rich text --- */

static bool make_room(struct fp_rich *rich) {
    if (rich->count < rich->room)
        return true;
    size_t room = rich->room ? 2 * rich->room : 64;
    struct fp_glyph *glyphs = realloc(rich->glyphs, room * sizeof *glyphs);
    if (!glyphs) {
        rich->cut = true;
        return false;
    }
    rich->glyphs = glyphs;
    rich->room = room;
    return true;
}

/* Text that has been escaped is well-formed UTF-8. */
static size_t character_length(const char *text) {
    unsigned char first = (unsigned char)*text;
    return first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

void fp_rich_add(struct fp_rich *rich, enum fp_style style, const char *text, size_t length) {
    size_t size = 4 * length + 1;
    char *clean = malloc(size);
    if (!clean) {
        rich->cut = true;
        return;
    }
    fp_escape(text, length, clean, size);
    for (const char *at = clean; *at && make_room(rich);) {
        struct fp_glyph glyph = {.style = (unsigned char)style};
        size_t n = strnlen(at, character_length(at));
        memcpy(glyph.bytes, at, n);
        rich->glyphs[rich->count++] = glyph;
        at += n;
    }
    free(clean);
}

void fp_rich_put(struct fp_rich *rich, enum fp_style style, const char *text) {
    fp_rich_add(rich, style, text, strlen(text));
}

void fp_rich_free(struct fp_rich *rich) {
    free(rich->glyphs);
    *rich = (struct fp_rich){0};
}

static bool is_blank(const struct fp_rich *rich, size_t i) {
    return rich->glyphs[i].bytes[0] == ' ';
}

size_t fp_rich_break(const struct fp_rich *rich, size_t from, size_t width, size_t *ret_next) {
    size_t left = rich->count - from, end = from + (left < width ? left : width), at = end;
    if (width == 0 && left > 0)
        at = end = from + 1;
    if (end < rich->count && !is_blank(rich, end))
        while (at > from && !is_blank(rich, at - 1))
            at--;
    if (at == from)
        at = end; /* one word, too long */
    *ret_next = at;
    while (*ret_next < rich->count && is_blank(rich, *ret_next))
        ++*ret_next;
    while (at > from && is_blank(rich, at - 1))
        at--;
    return at;
}

size_t fp_rich_widest(const struct fp_rich *rich) {
    size_t widest = 0, word = 0;
    for (size_t i = 0; i < rich->count; i++) {
        word = is_blank(rich, i) ? 0 : word + 1;
        widest = word > widest ? word : widest;
    }
    return widest;
}

/* --- ink --- */

static void set_style(struct fp_ink *ink, unsigned char style) {
    if (!ink->colour || style == ink->style)
        return;
    if (ink->style != FP_PLAIN)
        fputs("\033[0m", ink->out);
    fputs(codes[style], ink->out);
    ink->style = style;
}

/* For what cannot be shown: a character for a character, so that columns stay. */
static char in_ascii(const char *bytes) {
    static const struct {
        const char *bytes;
        char ascii;
    } known[] = {{"–", '-'}, {"—", '-'}, {"‘", '\''}, {"’", '\''}, {"“", '"'}, {"”", '"'},
                 {"→", '>'}, {"←", '<'}, {"×", 'x'},  {"…", '.'},  {"µ", 'u'}, {"─", '-'},
                 {"│", '|'}, {"├", '*'}, {"╳", 'X'},  {"·", '.'},  {"┬", '+'}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(bytes, known[i].bytes) == 0)
            return known[i].ascii;
    return '?';
}

static void put_glyph(struct fp_ink *ink, const struct fp_glyph *glyph) {
    if (glyph->bytes[0] == ' ' && glyph->style == FP_PLAIN) {
        ink->blanks++;
        return;
    }
    if (ink->blanks > 0)
        set_style(ink, FP_PLAIN);
    for (; ink->blanks > 0; ink->blanks--)
        fputc(' ', ink->out);
    set_style(ink, glyph->style);
    if (ink->utf8 || (unsigned char)glyph->bytes[0] < 0x80)
        fputs(glyph->bytes, ink->out);
    else
        fputc(in_ascii(glyph->bytes), ink->out);
}

void fp_ink_glyphs(struct fp_ink *ink, const struct fp_rich *rich, size_t from, size_t to) {
    ink->cut |= rich->cut;
    for (size_t i = from; i < to; i++)
        put_glyph(ink, &rich->glyphs[i]);
}

void fp_ink_put(struct fp_ink *ink, enum fp_style style, const char *text) {
    struct fp_rich rich = {0};
    fp_rich_put(&rich, style, text);
    fp_ink_glyphs(ink, &rich, 0, rich.count);
    fp_rich_free(&rich);
}

void fp_ink_blank(struct fp_ink *ink, size_t count) {
    ink->blanks += count;
}

void fp_ink_newline(struct fp_ink *ink) {
    ink->blanks = 0;
    set_style(ink, FP_PLAIN);
    fputc('\n', ink->out);
}

void fp_ink_wrapped(struct fp_ink *ink, const struct fp_rich *rich, size_t column, size_t indent) {
    for (size_t at = 0, next; at < rich->count; at = next) {
        size_t width = ink->width > column ? ink->width - column : 1;
        size_t end = fp_rich_break(rich, at, width, &next);
        fp_ink_glyphs(ink, rich, at, end);
        fp_ink_newline(ink);
        column = indent;
        if (next < rich->count)
            fp_ink_blank(ink, indent);
    }
    if (rich->count == 0)
        fp_ink_newline(ink);
}

/* --- what standard output is --- */

static bool window(struct winsize *ret) {
    return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, ret) == 0;
}

/* A variable that holds a number and nothing else; 0: none. */
static size_t number_in(const char *name) {
    const char *text = getenv(name);
    char *end;
    if (!text || !isdigit((unsigned char)*text))
        return 0;
    unsigned long value = strtoul(text, &end, 10);
    return *end || value > 100000 ? 0 : value;
}

size_t fp_ink_width(void) {
    struct winsize size;
    size_t width = number_in("COLUMNS");
    if (width == 0)
        width = window(&size) && size.ws_col > 0 ? size.ws_col : WIDTH;
    return width > WIDTH_MOST ? WIDTH_MOST : width < WIDTH_LEAST ? WIDTH_LEAST : width;
}

size_t fp_ink_height(void) {
    struct winsize size;
    if (!isatty(STDOUT_FILENO))
        return 0;
    size_t height = number_in("LINES");
    if (height == 0)
        height = window(&size) && size.ws_row > 0 ? size.ws_row : 24;
    return height;
}

struct fp_ink fp_ink_new(FILE *out) {
    const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");
    setlocale(LC_CTYPE, "");
    return (struct fp_ink){
        .out = out,
        .width = fp_ink_width(),
        .colour = isatty(STDOUT_FILENO) && (!no_colour || !*no_colour) && term && *term &&
                  strcmp(term, "dumb") != 0,
        .utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
    };
}
