/* To stop and to die as the program did, so that the caller sees what it would have seen. */
#ifndef FP_TERMINAL_H
#define FP_TERMINAL_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Stops this process by the signal, by SIGSTOP where that has no effect. Returns once continued. A
 * root that leads a group of its own, as an interactive shell does, and had the terminal gets it
 * back when we are brought to the front.
 */
void fp_terminal_stop(int sig, pid_t root);

/* Whether our process group has the terminal. */
bool fp_terminal_is_ours(void);

/* Takes the terminal back from a group that nobody is in any more. */
void fp_terminal_take_back(void);

/* Dies of the signal, without a core file. Returns only if that is impossible. */
void fp_terminal_die(int sig);

#endif
