/* Texts that many frames share, each kept once. */
#ifndef FP_UNWIND_TEXT_H
#define FP_UNWIND_TEXT_H

#include <stdbool.h>

struct fp_texts {
    void *root;
    bool is_failed; /* for want of memory, at some time */
};

/* The kept copy; NULL for NULL and when there is no memory. */
const char *fp_texts_keep(struct fp_texts *texts, const char *text);
void fp_texts_free(struct fp_texts *texts);

/*
 * A path of a source without "." and "..", as its letters say: links are not looked at. Relative to
 * the directory when it lies below it.
 */
const char *fp_texts_keep_path(struct fp_texts *texts, const char *path, const char *directory);

/* In place. */
void fp_path_tidy(char *path);

#endif
