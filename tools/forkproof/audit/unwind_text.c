#include "unwind_text.h"

#include <search.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b) {
    return strcmp(a, b);
}

const char *fp_texts_keep(struct fp_texts *texts, const char *text) {
    if (!text)
        return NULL;
    char *const *found = tfind(text, &texts->root, compare);
    if (found)
        return *found;
    char *copy = strdup(text);
    if (copy && tsearch(copy, &texts->root, compare))
        return copy;
    free(copy);
    texts->is_failed = true;
    return NULL;
}

void fp_texts_free(struct fp_texts *texts) {
    tdestroy(texts->root, free);
    *texts = (struct fp_texts){0};
}

/* Where the last component of what is written so far begins; NULL: there is none to take back. */
static char *last_component(char *start, char *to) {
    char *at = to;
    while (at > start && at[-1] != '/')
        at--;
    bool is_up = to - at == 2 && at[0] == '.' && at[1] == '.';
    return at == to || is_up ? NULL : at;
}

void fp_path_tidy(char *path) {
    bool is_absolute = *path == '/';
    char *start = path + is_absolute, *to = start, *from = start;
    while (*from) {
        size_t n = strcspn(from, "/");
        bool is_dot = n == 1 && from[0] == '.', is_up = n == 2 && from[0] == '.' && from[1] == '.';
        char *back = is_up && to > start ? last_component(start, to - 1) : NULL;
        char *next = from + n + (from[n] == '/');
        if (back) {
            to = back;
        } else if (n > 0 && !is_dot && !(is_up && is_absolute)) {
            memmove(to, from, n);
            to += n;
            if (from[n] == '/')
                *to++ = '/';
        }
        from = next;
    }
    if (to > start && to[-1] == '/')
        to--;
    *to = '\0';
}

const char *fp_texts_keep_path(struct fp_texts *texts, const char *path, const char *directory) {
    char *copy = path ? strdup(path) : NULL;
    if (!copy) {
        texts->is_failed |= path != NULL;
        return NULL;
    }
    fp_path_tidy(copy);
    size_t n = directory ? strlen(directory) : 0;
    bool is_below = n > 1 && strncmp(copy, directory, n) == 0 && copy[n] == '/' && copy[n + 1];
    const char *kept = fp_texts_keep(texts, is_below ? copy + n + 1 : copy);
    free(copy);
    return kept;
}
