/*
 * contain=guard: a process that waits for the end of the root, however it comes, and then ends what
 * is left (group.h). It is no child that the program could wait for, and it runs this library as a
 * program, so that it holds none of the program's memory and files.
 */
#ifndef FP_GUARD_H
#define FP_GUARD_H

#include <stdbool.h>

/* For the calling process. library: this object's path, or NULL. False: there is no guard. */
bool fp_guard_start(const char *library, const char *path);

#endif
