/*
 * exec=parent-dir: a child that has changed its directory execs a relative program path; meant is
 * the path as it was before, in the directory of the process that forked it.
 *
 * Only for a child that was forked from this image. That is told by pids, of which there are two to
 * remember: whose memory this is, and who forked that. A vfork child changes neither, because it
 * writes into its parent's memory.
 *
 * All of it is async-signal-safe; the caller lends the memory.
 */
#ifndef FP_ORIGIN_H
#define FP_ORIGIN_H

#include <stdbool.h>

/* Room for a path; one that is longer than the kernel takes is cut off where it still is. */
#define FP_PLACE_SIZE 4098

/* When the object is loaded, under exec=parent-dir: everything below does nothing without it. */
void fp_origin_begin(void);

/* In a child that shares no memory with its parent. */
void fp_origin_child(void);

/* Whether this process was forked from this image, so that fp_origin_place may have an answer. */
bool fp_origin_is_elsewhere(void);

/* Whether fp_origin_begin was called. */
bool fp_origin_is_on(void);

/*
 * The path to exec: ret_path, absolute, or user_path as it is. That stays when it has no slash or
 * begins with one, when parent and child are in the same directory, and when the parent's cannot be
 * named: it is gone, /proc does not tell, or the child has another root.
 */
const char *fp_origin_place(const char *user_path, char *ret_path);

/* The same in the caller's own directory, for a spawn whose child changes to another. */
const char *fp_origin_place_here(const char *user_path, char *ret_path);

#endif
