/*
 * One 64-bit word tells all that is known of a pid: the state of the wait/kill protocol.
 *
 *   killers:16 closers:16 n:8 generation:3 flags:5 status:16
 *
 * killers  threads between their decision to signal the pid and the return of the signal: while
 *          there is one, nobody reaps, so the pid cannot be recycled under it.
 * closers  threads that are about to reap the pid or have just done so: while there is one, no new
 *          killer enters.
 * n        forks that returned this pid, less reaps of it. 1: our unreaped child. 0: none. -1: the
 *          child was reaped before the fork that made it could register it (R1). Additive, so
 *          that the order in which the two threads get here does not matter.
 *
 * Every function here is pure: the callers own the compare-and-swap.
 */
#ifndef FP_WORD_H
#define FP_WORD_H

#include <stdbool.h>
#include <stdint.h>

typedef uint64_t fp_word;

enum {
    FP_EVER = 1 << 16,   /* was registered as our child at some time */
    FP_DEFER = 1 << 17,  /* a zombie whose status has left it already; somebody will reap it */
    FP_STASH = 1 << 18,  /* `status` holds the status of a child that nobody has waited for yet */
    FP_PIDFD = 1 << 19,  /* the program holds a pidfd: never reap early */
    FP_HIDDEN = 1 << 20, /* a wait had to look past this deferred zombie (R6) */
};

/* Counts the registrations of a pid, so that a word seen before a recycling is not seen again. */
#define FP_GENERATION ((fp_word)1 << 21)
#define FP_GENERATIONS ((fp_word)7 << 21)

#define FP_N_SHIFT 24
#define FP_CLOSER ((fp_word)1 << 32)
#define FP_KILLER ((fp_word)1 << 48)

static inline int fp_word_n(fp_word w) {
    return (int8_t)(uint8_t)(w >> FP_N_SHIFT);
}

static inline fp_word fp_word_with_n(fp_word w, int n) {
    return (w & ~((fp_word)0xff << FP_N_SHIFT)) | (fp_word)(uint8_t)n << FP_N_SHIFT;
}

static inline unsigned fp_word_killers(fp_word w) {
    return (unsigned)(w >> 48);
}
static inline unsigned fp_word_closers(fp_word w) {
    return (unsigned)(w >> 32) & 0xffff;
}
static inline int fp_word_status(fp_word w) {
    return (int)(w & 0xffff);
}

/* Our child, alive or zombie, and its status has not been given away. */
static inline bool fp_word_is_child(fp_word w) {
    return fp_word_n(w) > 0 && !(w & FP_DEFER);
}

/*
 * fork returned this pid, so what was known of an earlier holder of the number is over: a stash
 * left by it is given up. While its reaper has not said so yet (n > 0), the flags are still the old
 * ones.
 */
static inline fp_word fp_word_registered(fp_word w) {
    fp_word generation = (w + FP_GENERATION) & FP_GENERATIONS;
    w &= ~(FP_GENERATIONS | FP_STASH | 0xffff);
    if (fp_word_n(w) > 0)
        w &= ~(fp_word)(FP_DEFER | FP_PIDFD);
    return fp_word_with_n(w | generation | FP_EVER, fp_word_n(w) + 1);
}

/* The pid was reaped. in_flight: a fork has begun and not yet registered (looked at after w). */
static inline fp_word fp_word_gone(fp_word w, bool in_flight) {
    int n = fp_word_n(w);
    w &= ~(fp_word)FP_HIDDEN;
    if (n > 1) // a new holder of the number is registered already: the other flags are its own
        return fp_word_with_n(w, n - 1);
    w &= ~(fp_word)(FP_DEFER | FP_PIDFD);
    if (n <= 0 && !in_flight)
        return fp_word_with_n(w, 0); // never registered: inherited, or made inside libc
    if (n <= -64)
        return w; // so many forks cannot be about to register one pid
    return fp_word_with_n(w, n - 1);
}

#endif
