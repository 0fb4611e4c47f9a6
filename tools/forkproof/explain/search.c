/* Finding gotchas by words, and the nearest id to one that is none. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain/explain.h"

enum { NEAREST = 3, WORD_MOST = 64 };

const struct fp_gotcha *fp_gotcha_find(const char *id) {
    for (size_t i = 0; i < fp_gotcha_count; i++)
        if (strcmp(fp_gotchas[i].id, id) == 0)
            return &fp_gotchas[i];
    return NULL;
}

static bool is_named(const struct fp_gotcha *gotcha, const char *word) {
    for (size_t i = 0; gotcha->tags[i]; i++)
        if (strcasestr(gotcha->tags[i], word))
            return true;
    return strcasestr(gotcha->id, word) || strcasestr(gotcha->title, word);
}

static bool is_told(const struct fp_gotcha *gotcha, const char *word) {
    const char *const texts[] = {gotcha->story,       gotcha->timeline,  gotcha->remedy,
                                 gotcha->how,         gotcha->elsewhere, gotcha->audit,
                                 gotcha->family_title};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (strcasestr(texts[i], word))
            return true;
    return is_named(gotcha, word);
}

static bool all_are(bool (*is)(const struct fp_gotcha *, const char *),
                    const struct fp_gotcha *gotcha, char *const *words, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!is(gotcha, words[i]))
            return false;
    return true;
}

int fp_gotcha_search(char *const *words, size_t count, struct fp_found_gotchas *ret) {
    *ret = (struct fp_found_gotchas){.named = calloc(fp_gotcha_count + 1, sizeof(void *)),
                                     .told = calloc(fp_gotcha_count + 1, sizeof(void *))};
    if (!ret->named || !ret->told) {
        fp_gotcha_free(ret);
        return -ENOMEM;
    }
    for (size_t i = 0; i < fp_gotcha_count; i++)
        if (all_are(is_named, &fp_gotchas[i], words, count))
            ret->named[ret->named_count++] = &fp_gotchas[i];
        else if (all_are(is_told, &fp_gotchas[i], words, count))
            ret->told[ret->told_count++] = &fp_gotchas[i];
    return 0;
}

void fp_gotcha_free(struct fp_found_gotchas *found) {
    free(found->named);
    free(found->told);
    *found = (struct fp_found_gotchas){0};
}

/* --- the nearest id --- */

static size_t least(size_t a, size_t b, size_t c) {
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Edits from the word to the part of the id that is most like it. */
static size_t distance(const char *word, const char *id) {
    size_t n = strlen(word), row[WORD_MOST + 1], best;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    best = n;
    for (const char *c = id; *c; c++) {
        size_t diagonal = row[0]; /* it may begin anywhere: 0 */
        for (size_t j = 1; j <= n; j++) {
            size_t above = row[j];
            row[j] = least(diagonal + (word[j - 1] != *c), above + 1, row[j - 1] + 1);
            diagonal = above;
        }
        best = row[n] < best ? row[n] : best; /* and end anywhere */
    }
    return best;
}

void fp_gotcha_nearest(const char *word, char *ret, size_t size) {
    size_t length = strlen(word), used = 0, named = 0;
    *ret = '\0';
    if (length > WORD_MOST)
        return;
    for (size_t d = 1; d <= (length + 2) / 3; d++)
        for (size_t i = 0; i < fp_gotcha_count && named < NEAREST; i++) {
            if (distance(word, fp_gotchas[i].id) != d)
                continue;
            int n =
                snprintf(ret + used, size - used, "%s%s", named++ ? ", " : "", fp_gotchas[i].id);
            if (n < 0 || (size_t)n >= size - used)
                return;
            used += (size_t)n;
        }
}
