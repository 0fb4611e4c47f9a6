/* The findings of an earlier run, that are known: a report as JSON (format/json.c). */
#ifndef FP_BASELINE_H
#define FP_BASELINE_H

#include <stddef.h>

#include "finding.h"

/* Zeroed at first. */
struct fp_baseline {
    char (*fingerprints)[33]; /* sorted */
    size_t count;
};

/*
 * -EINVAL when it is not such a report, after a line on stderr for each thing that is wrong, with
 * line and column where it is not JSON, else with the number of the finding; or -errno after one.
 */
int fp_baseline_read(struct fp_baseline *ret, const char *path);

/* Marks the findings that are in it; none is dropped. */
void fp_baseline_apply(const struct fp_baseline *baseline, struct fp_audit *audit);

void fp_baseline_free(struct fp_baseline *baseline);

#endif
