#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unwind.h"

static bool parse_hex(const char **at, char end, uint64_t *ret) {
    const char *p = *at;
    uint64_t value = 0;
    unsigned digits = 0;
    for (; digits <= 16; p++, digits++) {
        unsigned digit;
        if (*p >= '0' && *p <= '9')
            digit = (unsigned)(*p - '0');
        else if (*p >= 'a' && *p <= 'f')
            digit = (unsigned)(*p - 'a') + 10;
        else
            break;
        value = value << 4 | digit;
    }
    if (digits == 0 || digits > 16 || *p != end)
        return false;
    *ret = value;
    *at = p + 1;
    return true;
}

/* Over one word and the blanks after it; false when there is no word. */
static bool skip_word(const char **at, const char *end) {
    const char *p = *at;
    while (p < end && *p != ' ')
        p++;
    if (p == *at)
        return false;
    while (p < end && *p == ' ')
        p++;
    *at = p;
    return true;
}

/* The kernel writes a newline in a path as \012 and nothing else otherwise than it is. */
static char *copy_path(char *to, const char *from, const char *end) {
    while (from < end) {
        if (end - from >= 4 && memcmp(from, "\\012", 4) == 0) {
            *to++ = '\n';
            from += 4;
        } else {
            *to++ = *from++;
        }
    }
    *to++ = '\0';
    return to;
}

static bool parse_line(const char *line, const char *end, struct fp_mapping *ret, char **text) {
    const char *at = line;
    *ret = (struct fp_mapping){0};
    if (!parse_hex(&at, '-', &ret->start) || !parse_hex(&at, ' ', &ret->end) ||
        !skip_word(&at, end) || !parse_hex(&at, ' ', &ret->offset) || !skip_word(&at, end) ||
        !skip_word(&at, end) || ret->start > ret->end)
        return false;
    if (at < end) {
        ret->path = *text;
        *text = copy_path(*text, at, end);
    }
    return true;
}

int fp_unwind_parse_maps(const char *text, struct fp_mapping **ret_mappings, size_t *ret_count,
                         size_t *ret_bad_line) {
    size_t lines = 0, length = strlen(text), count = 0;
    for (const char *p = text; *p; p++)
        lines += *p == '\n';
    /* Each path is no longer than its line, with the newline's place for its NUL. */
    char *block = malloc((lines + 1) * sizeof(struct fp_mapping) + length + 1);
    if (!block)
        return -ENOMEM;
    struct fp_mapping *mappings = (void *)block;
    char *paths = block + (lines + 1) * sizeof *mappings;
    for (const char *line = text; *line; count++) {
        const char *end = strchrnul(line, '\n');
        if (!parse_line(line, end, &mappings[count], &paths)) {
            free(block);
            *ret_bad_line = count + 1;
            return -EINVAL;
        }
        line = *end ? end + 1 : end;
    }
    *ret_mappings = mappings;
    *ret_count = count;
    return 0;
}
