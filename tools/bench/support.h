/* What measure.c and scale.c share. What cannot be done ends the program with a message. */
#ifndef FP_BENCH_SUPPORT_H
#define FP_BENCH_SUPPORT_H

#include <stddef.h>
#include <sys/types.h>

/* A timed run of `batch` calls, in nanoseconds altogether. */
typedef double fp_bench_sample(int batch);

void fp_bench_fail(const char *what) __attribute__((noreturn));

/* A number of 1 or more. */
int fp_bench_number(const char *text);

/* This process ends with the one that started it. */
void fp_bench_end_with_parent(void);

/* Nanoseconds of the monotonic clock, whatever is preloaded. */
double fp_bench_now(void);

pid_t fp_bench_child_exiting(void);

/* All have come to pause: none is still starting while something is measured. They are killed when
 * this thread ends, however that comes. */
void fp_bench_children_pausing(pid_t *ret_pids, int count);

void fp_bench_end_child(pid_t pid);
void fp_bench_reap(pid_t pid);

/* Makes this much more memory resident, in small pages, until the program ends. */
void fp_bench_touch(size_t mebibytes);

/* vfork, exec of the program in the child, and the wait for it. */
void fp_bench_vfork_exec(char *program, char **envp);

fp_bench_sample fp_bench_forks;   /* fork, exit, wait */
fp_bench_sample fp_bench_nothing; /* waitpid of any child, WNOHANG, with none to be waited for */

extern pid_t fp_bench_target; /* of fp_bench_kills; exists */
fp_bench_sample fp_bench_kills;

#endif
