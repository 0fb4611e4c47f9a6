/* What forkproof itself has to say: single lines on the caller's stderr. */
#ifndef FP_SAY_H
#define FP_SAY_H

/* Where the lines go; the caller's stderr until told otherwise. -1: nowhere. */
void fp_say_to(int fd);

/* One line "forkproof: …", written at once; whatever the arguments hold, it stays one line. */
void fp_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
