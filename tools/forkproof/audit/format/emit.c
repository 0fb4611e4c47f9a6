#include "format/emit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"

static void failed(struct fp_emit *e) {
    if (!e->error)
        e->error = errno ? -errno : -EIO;
}

static void put(struct fp_emit *e, const char *text, size_t length) {
    errno = 0;
    if (!e->error && fwrite(text, 1, length, e->out) != length)
        failed(e);
}

static void put_text(struct fp_emit *e, const char *text) {
    put(e, text, strlen(text));
}

static void put_escaped(struct fp_emit *e, const char *at, size_t n) {
    char piece[8];
    unsigned char c = (unsigned char)at[n == 2 ? 1 : 0]; /* C1 ends with its code */
    if (n == 3)
        fp_escape(at, n, piece, sizeof piece);
    else if (c == '"' || c == '\\')
        snprintf(piece, sizeof piece, "\\%c", c);
    else if (c == '\n')
        snprintf(piece, sizeof piece, "\\n");
    else
        snprintf(piece, sizeof piece, "\\u%04x", c);
    put_text(e, piece);
}

/* Of JSON and of HTML, what a terminal would obey (C1 as well), and what misleads a reader. */
static bool is_special(const char *at, size_t n) {
    unsigned char c = (unsigned char)*at;
    if (n == 1)
        return c < 0x20 || c == 0x7f || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&';
    return n == 2 ? c == 0xc2 && (unsigned char)at[1] < 0xa0 : fp_misleads(at, n);
}

/* Of a well-formed text. */
static void put_string(struct fp_emit *e, const char *text, size_t length) {
    size_t plain = 0;
    put(e, "\"", 1);
    for (size_t i = 0, n; i < length; i += n) {
        n = fp_utf8(text + i, length - i);
        if (is_special(text + i, n)) {
            put(e, text + plain, i - plain);
            put_escaped(e, text + i, n);
            plain = i + n;
        }
    }
    put(e, text + plain, length - plain);
    put(e, "\"", 1);
}

static void put_line(struct fp_emit *e) {
    put(e, "\n", 1);
    for (unsigned i = 0; i < e->depth; i++)
        put(e, " ", 1);
}

/* What stands before a value: its comma, its line, its key. */
static void lead(struct fp_emit *e, const char *key) {
    if (e->follows)
        put(e, ",", 1);
    if (e->depth > 0 && e->depth <= e->lines)
        put_line(e);
    if (key) {
        put_string(e, key, strlen(key));
        put(e, ":", 1);
    }
    e->follows = true;
}

void fp_emit_open(struct fp_emit *e, const char *key, char bracket) {
    lead(e, key);
    put(e, &bracket, 1);
    e->depth++;
    e->follows = false;
}

void fp_emit_close(struct fp_emit *e, char bracket) {
    bool is_empty = !e->follows;
    bool has_lines = e->depth <= e->lines;
    e->depth--;
    if (has_lines && !is_empty)
        put_line(e);
    put(e, &bracket, 1);
    e->follows = true;
}

void fp_emit_string(struct fp_emit *e, const char *key, const char *text) {
    lead(e, key);
    if (!text) {
        put_text(e, "null");
        return;
    }
    size_t length = strlen(text), room = 3 * length + 1;
    char *clean = malloc(room);
    if (!clean) {
        errno = ENOMEM;
        failed(e);
        return;
    }
    put_string(e, clean, fp_escape_utf8(text, length, clean, room));
    free(clean);
}

void fp_emit_strings(struct fp_emit *e, const char *key, const char *const *list, size_t count) {
    fp_emit_open(e, key, '[');
    for (size_t i = 0; i < count; i++)
        fp_emit_string(e, NULL, list[i]);
    fp_emit_close(e, ']');
}

void fp_emit_format(struct fp_emit *e, const char *key, const char *format, ...) {
    char *text;
    va_list list;
    va_start(list, format);
    int length = vasprintf(&text, format, list);
    va_end(list);
    if (length < 0) {
        failed(e);
        return;
    }
    fp_emit_string(e, key, text);
    free(text);
}

void fp_emit_integer(struct fp_emit *e, const char *key, int64_t value) {
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, value);
    lead(e, key);
    put_text(e, text);
}

void fp_emit_unsigned(struct fp_emit *e, const char *key, uint64_t value) {
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, value > INT64_MAX ? INT64_MAX : value);
    lead(e, key);
    put_text(e, text);
}

void fp_emit_bool(struct fp_emit *e, const char *key, bool value) {
    lead(e, key);
    put_text(e, value ? "true" : "false");
}

void fp_emit_microseconds(struct fp_emit *e, const char *key, uint64_t ns) {
    char text[32];
    snprintf(text, sizeof text, "%" PRIu64 ".%03" PRIu64, ns / 1000, ns % 1000);
    lead(e, key);
    put_text(e, text);
}

int fp_emit_end(struct fp_emit *e) {
    put(e, "\n", 1);
    errno = 0;
    if (fflush(e->out) != 0)
        failed(e);
    return e->error;
}
