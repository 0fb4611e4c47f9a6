/* The values that options take, and times. */
#ifndef FP_VALUES_H
#define FP_VALUES_H

#include <stdint.h>

#define FP_SECOND INT64_C(1000000000)

/* "5s", "500ms", "2m", "1h", "1.5" (seconds). Nanoseconds; -EINVAL, -ERANGE above ten years. */
int fp_value_duration(const char *text, int64_t *ret_ns);

/* "TERM", "SIGTERM", "15", "RTMIN+1". -EINVAL. */
int fp_value_signal(const char *text, int *ret_signal);

/* "SIGTERM"; for what has no name "signal 35". Good until the next call. */
const char *fp_signal_name(int sig);

/* CLOCK_MONOTONIC. */
int64_t fp_now(void);

#endif
