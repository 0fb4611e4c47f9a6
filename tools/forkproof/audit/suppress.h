/*
 * Suppressions: findings that are known and meant. A file of lines `rule:pattern`; the pattern
 * (glob.h) is matched against the functions, source files and modules of the first place of a
 * finding of that rule, and against the script and the executable of its process. Files match as
 * they are told, relative to the run's directory, and by their last part alone. Blank lines, and
 * what follows a `#` at the beginning of a line or behind a blank, are comments.
 */
#ifndef FP_SUPPRESS_H
#define FP_SUPPRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "explain/gotcha.h"
#include "finding.h"

struct fp_suppression {
    char *rule, *pattern;
    char *origin; /* FILE:LINE: rule:pattern */
    bool is_used;
};

/* Zeroed at first. */
struct fp_suppressions {
    struct fp_suppression *list;
    size_t count, room;
    const char **unused;
};

/*
 * Adds those of a file. gotchas: the rules that there are. -EINVAL when something in the file is
 * wrong, after one line on stderr for each thing that is, with file, line and column; else -errno
 * after one line.
 */
int fp_suppressions_read(struct fp_suppressions *all, const char *path,
                         const struct fp_gotcha *gotchas, size_t gotcha_count);

/*
 * Marks what is suppressed, gives each finding the line that would suppress it, and names in the
 * audit the suppressions that nothing used. Those live as long as `all`. 0, or -ENOMEM.
 */
int fp_suppressions_apply(struct fp_suppressions *all, struct fp_audit *audit);

void fp_suppressions_free(struct fp_suppressions *all);

#endif
