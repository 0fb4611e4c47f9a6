/* What /proc says about processes. Everything read here may be out of date when it returns. */
#ifndef FP_PROC_H
#define FP_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct fp_proc_stat {
    pid_t pid, ppid, pgrp;
    char state;
    unsigned flags;
    long threads;
    uint64_t ticks; /* of a processor that it has had */
    uint64_t start; /* clock ticks since boot: with the pid, which process this is */
    char comm[64];
};

/* NULL when /proc is there and shows our own pid namespace; else what is wrong. */
const char *fp_proc_problem(void);

/* Reads a file of unknown size whole, NUL-terminated; the caller frees. -errno. */
int fp_proc_slurp(const char *path, char **ret_text, size_t *ret_length);

/* -errno where the kernel does not list the children of threads. */
int fp_proc_lists_children(void);

/* -EINVAL when the text is not a stat line. comm may hold anything, ')' and newlines included. */
int fp_proc_parse_stat(const char *text, struct fp_proc_stat *ret);

/* -ESRCH when there is no such process. */
int fp_proc_stat(pid_t pid, struct fp_proc_stat *ret);

/* The pid given out last: while it stays the same nobody has been born. */
int fp_proc_newest(pid_t *ret);

/* Not a zombie; a process whose first thread has left and whose others run is alive. */
bool fp_proc_alive(const struct fp_proc_stat *stat);

/* The arguments, each ended by NUL, cut at size; returns the bytes, 0 when there are none. */
size_t fp_proc_argv(pid_t pid, char *ret, size_t size);

/* Signals pending for the process or its first thread; bit n - 1 is signal n. */
int fp_proc_pending(pid_t pid, uint64_t *ret_set);

/* Not alive, gone, or about to be, whatever it would do: each of its threads exits or has SIGKILL
 * pending. */
bool fp_proc_is_ending(pid_t pid);

/* One of its threads has a processor, or waits for one. */
bool fp_proc_is_running(pid_t pid);

/* The path after "0::" in /proc/PID/cgroup. -ENOENT when cgroup2 is not there. */
int fp_proc_cgroup(pid_t pid, char *ret, size_t size);

/* Whether the environment it was exec'd with holds exactly this NAME=VALUE. */
bool fp_proc_has_env(pid_t pid, const char *pair);

#endif
