/*
 * What a case's program says to the suite, and what it uses to make a race happen every time.
 *
 * All of it may be called in a signal handler, in any thread, and between fork and exec. It keeps
 * no descriptor open and allocates nothing, so that it is never itself what the case is about.
 * Nothing here waits for time to pass.
 */
#ifndef CASE_H
#define CASE_H

#include <stdbool.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

extern char **environ; // which POSIX has no header declare

/* --- telling --- */

/* First of all in main: where to tell it is read from the environment (CASE_DIRECTORY). */
void case_begin(void);

/* One step of the story, shown by `forkproof explain --run`. Knows %d, %s and %%, nothing else. */
void case_step(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What came of it: a word from the case's case.toml. The last one counts. */
void case_outcome(const char *word);

/* The case itself did not work (a system call of its scenery failed): BROK. Ends the process. */
#ifdef __cplusplus
[[noreturn]] void case_broken(const char *why);
[[noreturn]] void case_cannot(const char *why);
#else
_Noreturn void case_broken(const char *why);
/* What the case needs is not to be had here: CONF. Ends the process. */
_Noreturn void case_cannot(const char *why);
#endif

/* --- pids --- */

/* The next fork of anybody in this pid namespace gets this pid, when it is free. */
void case_next_pid(pid_t pid);

/*
 * A process of somebody else, asleep, with this pid (0: any). It belongs to the world outside the
 * program, so that nobody in it has a right to signal it: whether it was hit is noticed when the
 * case ends (`when = "stranger-hit"`). Returns its pid.
 */
pid_t case_stranger(pid_t pid);

/* The stranger ends by itself. */
void case_end_stranger(pid_t pid);

/* --- order --- */

/* A gate between threads or processes that share it: closed at first, then open for ever. */
struct case_gate;
struct case_gate *case_gate_new(void); /* shared with children that are forked later */
void case_gate_open(struct case_gate *gate);
void case_gate_pass(struct case_gate *gate); /* waits until it is open */

/* A number that children forked later share. */
int *case_shared_int(void);

/* Returns when the child has ended; it is still to be waited for. */
void case_await_exit(pid_t child);

/* Returns when the thread (a process's first has its pid) is in that state: 'S' asleep, 'Z' zombie,
 * 'T' stopped. By itself 'S' says only that it waits for something. */
void case_await_state(pid_t thread, char state);

/* Returns when the process is no more: ended and reaped. */
void case_await_gone(pid_t pid);

/* The state of a process as /proc tells it; 0: there is none. */
char case_state(pid_t pid);

/* Zombies among the children of the caller's first thread. */
int case_zombies(void);

#ifdef __cplusplus
}
#endif

#endif
