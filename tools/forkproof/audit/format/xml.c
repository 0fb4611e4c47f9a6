#include "format/xml.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "escape.h"

static const char *reference(char c) {
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&apos;";
    default:
        return NULL;
    }
}

/* U+FFFE and U+FFFF are no characters of XML, though UTF-8 can write them. */
static bool is_forbidden(const char *text, size_t n) {
    return n == 3 && (memcmp(text, "\xef\xbf\xbe", 3) == 0 || memcmp(text, "\xef\xbf\xbf", 3) == 0);
}

static size_t put_one(FILE *out, const char *text, bool keep_lines) {
    char piece[32];
    const char *marked = reference(*text);
    size_t n = fp_utf8(text, strnlen(text, 4));
    if (marked)
        fputs(marked, out);
    else if (*text == '\n' && keep_lines)
        fputc('\n', out);
    else if (is_forbidden(text, n))
        fputs((unsigned char)text[2] == 0xbe ? "\\ufffe" : "\\uffff", out);
    else {
        fp_escape(text, n ? n : 1, piece, sizeof piece);
        fputs(piece, out);
    }
    return n ? n : 1;
}

void fp_xml_put(FILE *out, const char *text, size_t most) {
    const char *at = text;
    while (*at && (size_t)(at - text) < most)
        at += put_one(out, at, false);
    if (*at)
        fputs("...", out);
}

void fp_xml_lines(FILE *out, const char *text) {
    while (*text)
        text += put_one(out, text, true);
}
