#include "escape.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

size_t fp_utf8(const char *bytes, size_t left) {
    const unsigned char *text = (const unsigned char *)bytes;
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = text[0] < 0x80 ? 1 : text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;
    if (n == 1)
        return 1;
    if (text[0] < 0xc2 || text[0] > 0xf4 || n > left)
        return 0;
    uint32_t code = text[0] & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (text[i] & 0x3fu);
    }
    if (code < smallest[n] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return 0;
    return n;
}

/* C0, DEL, and C1, which some terminals obey as well. */
static int is_control(const unsigned char *text, size_t n) {
    return (n == 1 && (text[0] < 0x20 || text[0] == 0x7f)) ||
           (n == 2 && text[0] == 0xc2 && text[1] < 0xa0);
}

/* Of a character of three bytes. */
static unsigned code_of(const unsigned char *text) {
    return (text[0] & 0xfu) << 12 | (text[1] & 0x3fu) << 6 | (text[2] & 0x3fu);
}

bool fp_misleads(const char *character, size_t length) {
    if (length != 3)
        return false;
    unsigned code = code_of((const unsigned char *)character);
    return (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2060 && code <= 0x206f) || code == 0xfeff;
}

static size_t as_hex(const unsigned char *text, size_t n, char *ret) {
    size_t length = 0;
    if (n == 1 && (*text == '\n' || *text == '\t')) {
        ret[0] = '\\';
        ret[1] = *text == '\n' ? 'n' : 't';
        return 2;
    }
    for (size_t i = 0; i < n; i++, length += 4)
        snprintf(ret + length, 5, "\\x%02x", text[i]);
    return length;
}

size_t fp_escape(const char *text, size_t length, char *ret, size_t size) {
    size_t used = 0;
    for (size_t i = 0; i < length;) {
        const unsigned char *at = (const unsigned char *)text + i;
        char piece[16];
        size_t n = fp_utf8(text + i, length - i);
        size_t step = n ? n : 1, width = step;
        if (!n || is_control(at, n))
            width = as_hex(at, step, piece);
        else if (fp_misleads(text + i, n))
            width = (size_t)snprintf(piece, sizeof piece, "\\u%04x", code_of(at));
        else
            memcpy(piece, at, n);
        if (used + width >= size)
            break;
        memcpy(ret + used, piece, width);
        used += width;
        i += step;
    }
    ret[used] = '\0';
    return used;
}

size_t fp_escape_utf8(const char *text, size_t length, char *ret, size_t size) {
    static const char replacement[] = "\xef\xbf\xbd";
    size_t used = 0;
    for (size_t i = 0; i < length;) {
        size_t n = fp_utf8(text + i, length - i);
        const char *piece = n ? text + i : replacement;
        size_t width = n ? n : 3;
        if (used + width >= size)
            break;
        memcpy(ret + used, piece, width);
        used += width;
        i += n ? n : 1;
    }
    ret[used] = '\0';
    return used;
}
