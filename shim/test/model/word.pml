/*
 * core/word.h with narrower fields: killers:4 closers:4 n:4 generation:3 flags:4 status:4. Macros
 * only, so that word.c can compare them with the original; IF is the conditional expression of
 * whichever language.
 */
#define STATUS 15
#define EVER (1 << 4)
#define DEFER (1 << 5)
#define STASH (1 << 6)
#define HIDDEN (1 << 7)
#ifdef NO_GENERATION
#define GENERATION 0
#else
#define GENERATION (1 << 8)
#endif
#define GENERATIONS (7 << 8)
#define N_SHIFT 11
#define CLOSER (1 << 15)
#define KILLER (1 << 19)

#define N(w) (((((w) >> N_SHIFT) & 15) ^ 8) - 8)
#define with_n(w, n) (((w) & ~(15 << N_SHIFT)) | (((n) & 15) << N_SHIFT))
#define closers(w) (((w) >> 15) & 15)
#define killers(w) ((w) >> 19)
#define is_child(w) (N(w) > 0 && !((w) & DEFER))

#define old_flags(w) (STASH | STATUS | IF(N(w) > 0, DEFER, 0))
#define registered_word(w)                                                                         \
    with_n(((w) & ~(GENERATIONS | old_flags(w))) | (((w) + GENERATION) & GENERATIONS) | EVER,      \
           N(w) + 1)

#ifdef NO_IN_FLIGHT
#define owed(in_flight) 0
#else
#define owed(in_flight) (in_flight)
#endif
#define less_one(w, in_flight)                                                                     \
    IF(N(w) <= 0 && !owed(in_flight), with_n(w, 0),                                                \
       IF(N(w) <= -4, w, with_n(w, N(w) - 1)))
#define gone_word(w, in_flight)                                                                    \
    IF(N(w) > 1, with_n((w) & ~HIDDEN, N(w) - 1), less_one((w) & ~(HIDDEN | DEFER), in_flight))
