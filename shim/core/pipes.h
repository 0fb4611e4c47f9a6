/*
 * pipes=cloexec: the ends of a pipe are closed by the next exec, so that a child which another
 * thread starts at the wrong moment does not hold them open.
 *
 * Programs rely on inheriting what they redirect: the numbers 0 to 2 are left inheritable, a
 * duplicate is as bare, and so is an end that is duplicated onto itself, which in the kernel
 * changes nothing. To know that, the numbers that were made close-on-exec by us are noted. A note
 * outlives the closing of its number; it counts only while there is a pipe.
 *
 * Everything here is async-signal-safe.
 */
#ifndef FP_PIPES_H
#define FP_PIPES_H

/* The system call pipe2, its ends closed by exec even when the program did not ask for that. */
long fp_pipes_make(int *user_ends, int flags);

/* Before a duplication of fd onto itself: the program wants it to be inherited. */
void fp_pipes_keep_open(int fd);

#endif
