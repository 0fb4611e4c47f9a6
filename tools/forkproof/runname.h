/*
 * Names of runs: a file in the runtime directory that holds the run's id, locked for as long as
 * the run's guard or supervisor lives. A lock cannot be left behind, so no claim is ever stale.
 */
#ifndef FP_RUNNAME_H
#define FP_RUNNAME_H

#include <stdbool.h>
#include <stddef.h>

#define FP_RUNNAME_MAX 64
#define FP_RUNNAME_PREFIX "name-" /* of the file */

/* Letters, digits, '.', '_' and '-'; at most 64; not digits alone; no '.' or '-' first. */
bool fp_runname_is_valid(const char *name);

/* The locked descriptor. -EBUSY: a living run has it; ret_holder is that one's id, "" unknown. */
int fp_runname_claim(int base_fd, const char *name, const char *id, char *ret_holder, size_t size);

/* Gives the name back and closes the descriptor; -1 does nothing. */
void fp_runname_release(int base_fd, const char *name, int fd);

/* Removes a name's file that nobody holds; `file` is its entry in the runtime directory. */
void fp_runname_clear(int base_fd, const char *file);

/* The id that the name's file tells. -ENOENT; -EINVAL: no such file was made by a run. */
int fp_runname_read(int base_fd, const char *name, char *ret_id, size_t size);

#endif
