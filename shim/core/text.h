/* The few string operations of code that may not call libc. */
#ifndef FP_TEXT_H
#define FP_TEXT_H

#include <stdbool.h>
#include <stddef.h>

static inline size_t fp_text_length(const char *s) {
    size_t n = 0;
    while (s[n])
        n++;
    return n;
}

/* Whether the first n bytes are the same; stops at the end of a, so b may be a literal. */
static inline bool fp_text_same(const char *a, const char *b, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (a[i] != b[i])
            return false;
        if (!a[i])
            return true;
    }
    return true;
}

static inline void fp_text_copy(char *to, const char *from, size_t n) {
    for (size_t i = 0; i < n; i++)
        to[i] = from[i];
}

/* Reads the digits at the beginning; returns what follows them. */
static inline const char *fp_text_read_number(const char *text, unsigned *ret) {
    for (*ret = 0; *text >= '0' && *text <= '9'; text++)
        *ret = *ret * 10 + (unsigned)(*text - '0');
    return text;
}

/* Room for fp_text_number, its end included. */
#define FP_NUMBER_SIZE 11

/* Writes a number in decimal, terminated; returns its length. */
static inline size_t fp_text_number(char *to, unsigned value) {
    char digits[FP_NUMBER_SIZE];
    size_t first = sizeof digits;
    digits[--first] = '\0';
    do
        digits[--first] = (char)('0' + value % 10);
    while (value /= 10);
    fp_text_copy(to, digits + first, sizeof digits - first);
    return sizeof digits - first - 1;
}

#endif
