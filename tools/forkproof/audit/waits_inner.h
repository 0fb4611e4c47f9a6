/* Between the files of the wait-for graph. */
#ifndef FP_WAITS_INNER_H
#define FP_WAITS_INNER_H

#include "waits.h"

/* Which call the thread is blocked in, on what. */
void fp_wait_classify(struct fp_wait *wait, pid_t pid);

/* The call of a 32-bit program, as that of a 64-bit one; false: it is none, or none that is
 * followed.
 */
bool fp_wait_translate(struct fp_wait *wait, pid_t pid);

/* Who holds what is waited for. -ENOMEM. */
int fp_waits_find_ends(struct fp_waits *waits);

/* The bytes in the pipe of a wait in a cycle. */
void fp_wait_measure(const struct fp_waits *waits, struct fp_wait *wait);

/* Numbers that name entries of a directory. -errno. */
int fp_each_number(const char *path, int visit(pid_t number, void *data), void *data);

/* Room for one more element of an array that grows by doubling; zeroed. NULL: no memory. */
void *fp_grow(void *array, size_t *count, size_t size);

/* What the link of the descriptor says, to be freed; NULL when it is gone. */
char *fp_fd_target(pid_t pid, pid_t tid, int fd);

/* "fifo:8:1:34" when the path leads to a fifo. Nothing is opened. */
bool fp_fifo_key(const char *path, char *ret, size_t size);

/*
 * "FLOCK  ADVISORY  WRITE 12 fe:00:34 0 EOF" as in /proc/locks and fdinfo: "lock:F:fe:0:34". The
 * class is F for flock, P for the locks of fcntl; the holder is -1 where it is no process.
 */
bool fp_lock_key(const char *text, char ret_class[8], int *ret_holder, char *ret, size_t size);

/* The first of the ends with that key; they are in the order of their keys. */
size_t fp_waits_first_end(const struct fp_waits *waits, const char *key);

#endif
