/* The model's word is that of core/word.h: every word of the model, through every function. */
#include "word.h"

#include <stdio.h>

#define IF(condition, then, otherwise) ((condition) ? (then) : (otherwise))
#include "word.pml"

enum { COUNTERS = 3, N_MOST = 7, N_LEAST = -3 };

static fp_word flag(int w, int model, int flag) {
    return w & model ? (fp_word)flag : 0;
}

static fp_word from_model(int w) {
    fp_word flags = flag(w, EVER, FP_EVER) | flag(w, DEFER, FP_DEFER) | flag(w, STASH, FP_STASH) |
                    flag(w, HIDDEN, FP_HIDDEN);
    fp_word generation = (fp_word)((w & GENERATIONS) / GENERATION) * FP_GENERATION;
    fp_word busy = (fp_word)closers(w) * FP_CLOSER + (fp_word)killers(w) * FP_KILLER;
    return fp_word_with_n((fp_word)(w & STATUS) | flags | generation | busy, N(w));
}

static bool is_same(int w) {
    fp_word original = from_model(w);
    return from_model(registered_word(w)) == fp_word_registered(original) &&
           from_model(gone_word(w, 0)) == fp_word_gone(original, false) &&
           from_model(gone_word(w, 1)) == fp_word_gone(original, true) &&
           is_child(w) == fp_word_is_child(original);
}

/* The lowest fields take every value; where the narrow n is full, the two may differ. */
int main(void) {
    int compared = 0, different = 0;
    for (int low = 0; low < CLOSER; low++)
        for (int busy = 0; busy < COUNTERS * COUNTERS; busy++) {
            int w = low + busy / COUNTERS * KILLER + busy % COUNTERS * CLOSER;
            if (N(w) >= N_MOST || N(w) < N_LEAST)
                continue;
            compared++;
            if (!is_same(w) && different++ < 10)
                printf("differs: %#x\n", (unsigned)w);
        }
    printf("%d words compared, %d differ\n", compared, different);
    return different != 0;
}
