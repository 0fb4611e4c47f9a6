/* How the parts of the load make children, signal them and wait for them: by every call there is.
 */
#ifndef CHILD_H
#define CHILD_H

#include <stdbool.h>
#include <sys/types.h>

/* The exit code of a child, by its serial number. */
int soak_code(unsigned serial);

/*
 * A child that exits with the code of its number soon, or, when it is mortal, lives until a signal
 * kills it. The ways to make one go round with the number.
 */
pid_t soak_fork(unsigned serial, bool mortal);

/* The calls go round with `turn`. */
int soak_signal(pid_t pid, int number, unsigned turn);

/* To a child that is not waited for yet, so that its number is nobody else's: must succeed. */
void soak_signal_own(pid_t pid, int number, unsigned turn);

/* Blocks, tells what was found, gives its pid or -1. pid -1: any child. The calls go round. */
pid_t soak_wait(pid_t pid, unsigned turn);

#endif
