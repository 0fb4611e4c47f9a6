/* To stop and to die as the program did, so that the caller sees what it would have seen. */
#ifndef FP_TERMINAL_H
#define FP_TERMINAL_H

/* Stops this process by the signal, by SIGSTOP where that has no effect. Returns once continued. */
void fp_terminal_stop(int sig);

/* Dies of the signal, without a core file. Returns only if that is impossible. */
void fp_terminal_die(int sig);

#endif
