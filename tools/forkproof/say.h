/* What forkproof itself has to say: single lines on the caller's stderr. */
#ifndef FP_SAY_H
#define FP_SAY_H

#include <stddef.h>

/* Where the lines go; the caller's stderr until told otherwise. -1: nowhere. */
void fp_say_to(int fd);

/* Keeps what would be said, without "forkproof: ", cut at size. NULL: says it again. */
void fp_say_into(char *ret, size_t size);

/* One line "forkproof: …", written at once; whatever the arguments hold, it stays one line. */
void fp_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
