/* Descriptors: ours stay out of the program's way. */
#ifndef FP_FDS_H
#define FP_FDS_H

#include <poll.h>
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

/* A signalfd for all signals, which never blocks; -1 with errno. */
int fp_fds_signals(void);

/* Closes it, unless it is -1, which it is then. */
void fp_fds_close(int *fd);

/* All of it, however many calls that takes; -errno. */
int fp_fds_write(int fd, const char *text, size_t length);

/*
 * poll(2), but that entries of -1 at the end do not count and that a soft limit of descriptors
 * below their number, which poll refuses, makes it look at each in turn instead.
 */
int fp_fds_poll(struct pollfd *fds, size_t count, int timeout_ms);

#endif
