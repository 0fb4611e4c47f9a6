/* `forkproof explain`: the gotchas, told, drawn and run. */
#ifndef FP_EXPLAIN_H
#define FP_EXPLAIN_H

#include <jansson.h>

#include "explain/gotcha.h"
#include "explain/ink.h"

int fp_explain_main(int argc, char **argv);

/* Those of the table that were asked for, in its order. */
struct fp_found_gotchas {
    const struct fp_gotcha **named; /* the words are in id, title or tags */
    const struct fp_gotcha **told;  /* only in the text */
    size_t named_count, told_count;
};

/* NULL: there is none of that id. */
const struct fp_gotcha *fp_gotcha_find(const char *id);

/* Those that have every word; -ENOMEM. */
int fp_gotcha_search(char *const *words, size_t count, struct fp_found_gotchas *ret);
void fp_gotcha_free(struct fp_found_gotchas *found);

/* The ids that the word is nearest to, "a, b, c"; "" when it is far from all. */
void fp_gotcha_nearest(const char *word, char *ret, size_t size);

/* What is shown. */
void fp_explain_list(struct fp_ink *ink, const struct fp_gotcha *const *gotchas, size_t count);
void fp_explain_page(struct fp_ink *ink, const struct fp_gotcha *gotcha);
json_t *fp_explain_json(const struct fp_gotcha *gotcha);

/* Runs its program bare and hardened, and shows both. -errno after one line. */
int fp_explain_run(struct fp_ink *ink, const struct fp_gotcha *gotcha, bool no_pager);

/* On standard output, through the pager where it is longer than the screen. -errno. */
int fp_pager_show(const char *text, size_t length, bool allowed);

#endif
