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

#endif
