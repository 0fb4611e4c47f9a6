/* --keep: which members may outlive the run. */
#ifndef FP_KEEP_H
#define FP_KEEP_H

#include "run.h"

/*
 * Whether a pattern, as of fnmatch(3), names a process: its executable's path or base name, or its
 * argv[0] or that's base name; a pattern with a blank also its arguments joined by blanks, with
 * argv[0] as it is or as base name. '*' matches '/' and blanks too. executable "": not known.
 * argv: as in /proc/PID/cmdline.
 */
bool fp_keep_matches(const char *pattern, const char *executable, const char *argv, size_t length);

/*
 * Marks among `now` what is kept: found kept before, named by a pattern, or a descendant of either.
 * `kept` has all that were found. The root never is.
 */
void fp_keep_mark(struct fp_run *run, struct fp_members *kept, struct fp_members *now);

/* Whether the rung holds any that is kept. */
bool fp_keep_is_held(const struct fp_contain *contain, const struct fp_members *now);

/* Takes them out of what the rung holds; how many. */
size_t fp_keep_release(struct fp_contain *contain, const struct fp_members *now);

/* What the other of guard and supervisor has found kept. */
void fp_keep_take_over(const struct fp_facts *facts, struct fp_members *kept);

#endif
