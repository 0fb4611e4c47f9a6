/*
 * What the tests of the core share: children as the wrapper of fork makes them, actions inside the
 * windows of the races, and pid namespaces in which a pid can be given to a process of choice.
 *
 * Nothing here sleeps: zombies are awaited with WNOWAIT, threads are joined, and whatever might
 * hang has an alarm or its suite's timeout over it.
 */
#ifndef FP_TEST_SUPPORT_H
#define FP_TEST_SUPPORT_H

#include <stdbool.h>
#include <sys/types.h>

#include "child.h"
#include "deliver.h"
#include "point.h"
#include "reap.h"
#include "stash.h"
#include "sys.h"
#include "table.h"

/* --- children --- */

/* As the wrapper of fork: registered before it is returned. The child runs `child` and exits 0. */
pid_t tracked_fork(void (*child)(void));

/* Not registered, as a child made inside libc or before an exec. */
pid_t bare_fork(void (*child)(void));

/* The pid chosen (in a namespace of ours); -1 where the kernel does not allow it. */
pid_t bare_fork_as(pid_t pid, void (*child)(void));
pid_t tracked_fork_as(pid_t pid, void (*child)(void));

/* For the child argument: exits with status 7; stays until it is killed, half a minute at most. */
void exits(void);
void stays(void);

/* Returns once pid is a zombie, which it leaves. */
pid_t awaited(pid_t pid);

/* A child that has exited with status 7 and has not been reaped. */
pid_t tracked_zombie(void);
pid_t bare_zombie(void);

/* Ends a child of either kind and reaps it, behind the core's back. */
void bare_end(pid_t pid);

/* The same through the core, for a child that stays. */
void tracked_end(pid_t pid);

long wait_any(int options);
long wait_for(pid_t pid, int options);
long signal_to(pid_t pid, int signal);
fp_word word_of(pid_t pid);
struct fp_counts *counts(void);

/* Maps the table, as if there had been children of every pid. */
void know_every_range(void);

/* --- windows --- */

/* Runs the action, once, when a thread next comes to the point. */
void at_point(enum fp_point point, void (*action)(void));

/* Whether an action set for the point is still to be run. */
bool is_armed(enum fp_point point);

/* Runs the action in a thread of its own and joins it. */
void in_thread(void (*action)(void));

/* Runs the action in a signal handler on this thread. */
void in_handler(void (*action)(void));

/* --- standard error --- */

/* What the action writes there, terminated; returns its length. */
size_t said_during(void (*action)(void), char *ret_text, size_t size);

/* --- namespaces --- */

/* In a process that is not Criterion's: says what was wrong and exits 1. */
#define claim(what)                                                                                \
    do {                                                                                           \
        if (!(what))                                                                               \
            claim_failed(__FILE__, __LINE__, #what);                                               \
    } while (0)
_Noreturn void claim_failed(const char *file, int line, const char *what);

#define EXIT_SKIPPED 77

/*
 * Runs body in a pid namespace of its own, where pids can be chosen, as a child of the namespace's
 * first process. 0, or the exit status of a failed claim, or EXIT_SKIPPED where it is not allowed.
 */
int in_namespace(void (*body)(void));

/* In there: makes a process with that pid that is no child of the caller, and leaves it alone. */
void make_stranger(pid_t pid);

/* In there: /proc becomes that of the namespace, for the caller and what it starts. */
void mount_proc(const char *type);

/* Lets the oldest of sixteen strangers go and makes another; false when it has been signalled. */
bool replace_stranger(void);

/* Whether every stranger is alive. None of them survives a signal. */
bool strangers_live(void);

/* --- every suite's frame --- */

void note_descriptors(void);

/* Claims that no child, no descriptor and no count of the protocol remains. */
void nothing_remains(void);

#endif
