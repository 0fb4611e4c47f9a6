/*
 * An answer of the kernel's that is remembered until it may have changed. Whoever asks notes what
 * was remembered before; an answer from before a change is not remembered after it.
 */
#ifndef FP_KNOWN_H
#define FP_KNOWN_H

#include <stdatomic.h>
#include <stdbool.h>

#include "point.h"

/* Zeroed memory is "not known yet". Above the answer, changes are counted. */
typedef atomic_uint fp_known;

enum fp_answer { FP_UNKNOWN, FP_IT_IS_NOT, FP_IT_IS };

static inline enum fp_answer fp_known_answer(unsigned seen) {
    return seen & 3;
}

/* The answer to a question that was asked when `seen` was remembered. */
static inline void fp_known_learn(fp_known *known, unsigned seen, bool answer) {
    fp_point(FP_POINT_BEFORE_LEARN);
    unsigned learnt = (seen & ~3U) | (answer ? FP_IT_IS : FP_IT_IS_NOT);
    (void)atomic_compare_exchange_strong(known, &seen, learnt);
}

/* It may have changed, but "yes" stays. */
static inline void fp_known_forget_no(fp_known *known) {
    unsigned old = atomic_load(known);
    while (fp_known_answer(old) != FP_IT_IS &&
           !atomic_compare_exchange_weak(known, &old, ((old & ~3U) + 4) | FP_UNKNOWN))
        ;
}

/* It has changed, or is about to; `now` is what holds from here on. */
static inline void fp_known_change(fp_known *known, enum fp_answer now) {
    unsigned old = atomic_load(known);
    while (!atomic_compare_exchange_weak(known, &old, ((old & ~3U) + 4) | now))
        ;
}

#endif
