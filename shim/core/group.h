/*
 * Preload alone contains (contain=group, the default): when the first process of a program ends,
 * what the program has started ends with it.
 *
 * Under `forkproof run` the supervisor holds the program and nothing here does anything. Without
 * it, the first process that makes a child is the root; the root and all that comes of it are
 * members and enter their children in the register. The root ends the others when it ends in a way
 * that libc lets us see; contain=guard adds a process that sees every end.
 *
 * Async-signal-safe. A process that cannot have a register runs as bare, which contain=guard says
 * once, and verbose=1 always.
 */
#ifndef FP_GROUP_H
#define FP_GROUP_H

#include <stdbool.h>
#include <sys/types.h>

/* At load: the value of FORKPROOF_GROUP, or NULL. */
void fp_group_load(const char *value);

/* A child is about to be made: from now on this process is a member, or the root. */
void fp_group_enter(void);

/* The process is about to exec: is it a member? Never makes it a root. */
void fp_group_join(void);

/* Where the register is, for an image to come; NULL: nowhere. */
const char *fp_group_path(void);

/* A child was made. leads: it has a group or a session of its own. */
void fp_group_add(pid_t pid, bool leads);

/* The process has made a group or a session whose number is this pid. */
void fp_group_lead(pid_t pid);

/* A child was reaped. */
void fp_group_drop(pid_t pid);

/* The calling process came of a fork inside libc, that nobody has entered. */
void fp_group_check_in(bool leads);

/* libc has made, or waited for, a child that nobody has entered: popen, pclose. */
void fp_group_unentered(int difference);

/* The root, when this image or one before it is; 0: it is another process or there is none. */
pid_t fp_group_root(void);

/* Whether the calling process is the root. */
bool fp_group_is_root(void);

/* The process is about to end: the root ends all others. Returns when that is done. */
void fp_group_end(void);

/* The process is about to send itself this signal, which may be its end. */
void fp_group_before_signal(int number);

#endif
