/* Binary search. */
#ifndef FP_BISECT_H
#define FP_BISECT_H

#include <stddef.h>

/* The first of the places 0 to `count`, by the name `place`, at which it is not `before`, as it is
 * at all places up to there; `count`: it is at each. */
#define FP_BISECT(place, count, before)                                                            \
    __extension__({                                                                                \
        size_t low_ = 0, high_ = (count);                                                          \
        while (low_ < high_) {                                                                     \
            size_t place = low_ + (high_ - low_) / 2;                                              \
            if (before)                                                                            \
                low_ = place + 1;                                                                  \
            else                                                                                   \
                high_ = place;                                                                     \
        }                                                                                          \
        low_;                                                                                      \
    })

#endif
