/*
 * What the shim has to say: single lines on stderr, "forkproof: …", each by one write.
 *
 *     fp_say(fp_words("no such file '"), fp_foreign(path, length), fp_words("' in "), fp_self());
 *
 * A line never harms the program: it is dropped when nobody takes it at once, it raises no signal
 * and stops no job in the background. Async-signal-safe; errno is left alone. The line goes to
 * descriptor 2, whatever that is by now.
 */
#ifndef FP_CORE_SAY_H
#define FP_CORE_SAY_H

#include <stddef.h>

#include "settings.h"
#include "text.h"

enum fp_piece_kind { FP_PIECE_WORDS, FP_PIECE_FOREIGN, FP_PIECE_NUMBER, FP_PIECE_SELF };

struct fp_piece {
    enum fp_piece_kind kind;
    const char *text;
    size_t length;
    int number;
};

/* Bytes of a line at the most, and of one foreign piece in it; what is over is cut off. */
#define FP_LINE_SIZE 256
#define FP_FOREIGN_SIZE 128

/* Our own words. */
static inline struct fp_piece fp_words(const char *text) {
    return (struct fp_piece){.kind = FP_PIECE_WORDS, .text = text, .length = fp_text_length(text)};
}

/* Text from outside: shown without its control characters. */
static inline struct fp_piece fp_foreign(const char *text, size_t length) {
    return (struct fp_piece){.kind = FP_PIECE_FOREIGN, .text = text, .length = length};
}

static inline struct fp_piece fp_number(int number) {
    return (struct fp_piece){.kind = FP_PIECE_NUMBER, .number = number};
}

/* This process: "name[pid]". */
static inline struct fp_piece fp_self(void) {
    return (struct fp_piece){.kind = FP_PIECE_SELF};
}

void fp_say_pieces(const struct fp_piece *pieces, size_t count);

#define fp_say(...)                                                                                \
    fp_say_pieces((const struct fp_piece[]){__VA_ARGS__},                                          \
                  sizeof(struct fp_piece[]){__VA_ARGS__} / sizeof(struct fp_piece))

/* Only with verbose=1. */
#define fp_say_verbose(...) (fp_settings.options.verbose ? fp_say(__VA_ARGS__) : (void)0)

#endif
