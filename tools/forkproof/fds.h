/* Descriptors: ours stay out of the program's way. */
#ifndef FP_FDS_H
#define FP_FDS_H

#include <stddef.h>

/*
 * Fills closed numbers among 0 to 2 so that nothing of ours lands there; returns which were
 * closed, bit n for descriptor n. To be called before anything is opened.
 */
unsigned fp_fds_fill_standard(void);

/* Turns those of 0 to 2 in the mask to /dev/null. */
void fp_fds_to_null(unsigned mask);

/* Closes everything from 3 on but those listed; -1 entries are skipped. Sorts the list. */
void fp_fds_keep(int *fds, size_t count);

#endif
