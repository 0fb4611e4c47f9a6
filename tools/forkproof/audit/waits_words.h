/* What the two tellers of the wait-for graph share. All of it is escaped. */
#ifndef FP_WAITS_WORDS_H
#define FP_WAITS_WORDS_H

#include "waits.h"

void fp_put_process(FILE *out, const struct fp_waits *waits, size_t process);
void fp_put_thread(FILE *out, const struct fp_waits *waits, const struct fp_wait *wait);
void fp_put_object(FILE *out, const struct fp_wait *wait);

/* "a (1), b (2) and c (3) itself"; returns how many. */
size_t fp_put_wakers(FILE *out, const struct fp_waits *waits, const struct fp_wait *wait);

/* "waits to read" */
const char *fp_wait_verb(const struct fp_wait *wait);

#endif
