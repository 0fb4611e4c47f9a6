#include "glob.h"

#include <stdlib.h>
#include <string.h>

#include "escape.h"

enum { LONGEST = 200 };

/* The length of the character, or 1 for a byte that is none. */
static size_t step(const char *text) {
    size_t n = fp_utf8(text, strnlen(text, 4));
    return n ? n : 1;
}

/* How far one element of the pattern, which is no star, matches; 0: it does not. */
static size_t matches(const char *pattern, const char *text, size_t *ret_width) {
    if (*pattern == '?') {
        *ret_width = 1;
        return step(text);
    }
    bool quoted = *pattern == '\\' && pattern[1];
    *ret_width = 1 + (size_t)quoted;
    return pattern[quoted] == *text;
}

bool fp_glob(const char *pattern, const char *text) {
    const char *star = NULL, *from = NULL; /* the last star, and what it may take up to */
    while (*text) {
        size_t width, n = 0;
        if (*pattern == '*') {
            star = ++pattern;
            from = text;
            continue;
        }
        if (*pattern)
            n = matches(pattern, text, &width);
        if (n) {
            pattern += width;
            text += n;
        } else if (star) {
            pattern = star;
            from += step(from);
            text = from;
        } else {
            return false;
        }
    }
    return pattern[strspn(pattern, "*")] == '\0';
}

/* Shown on a line and read again it is the same character. */
static bool is_plain(const char *text, size_t n, bool at_end) {
    char shown[32];
    if (!n || fp_escape(text, n, shown, sizeof shown) != n)
        return false;
    return *text != ' ' || !at_end;
}

char *fp_glob_for(const char *text) {
    char *pattern = malloc(LONGEST + 8), *end = pattern;
    if (!pattern)
        return NULL;
    for (const char *at = text; *at;) {
        size_t n = fp_utf8(at, strnlen(at, 4)), width = n ? n : 1;
        if (end - pattern >= LONGEST - 4) {
            *end++ = '*';
            break;
        }
        if (is_plain(at, n, at == text || !at[width])) {
            if (strchr("*?\\#", *at))
                *end++ = '\\';
            memcpy(end, at, width);
            end += width;
        } else {
            *end++ = '?';
        }
        at += width;
    }
    *end = '\0';
    return pattern;
}
