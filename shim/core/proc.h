/*
 * What /proc says about processes, read without libc. Everything here may be out of date when it
 * returns, and a pid from here may name a stranger by the time it is used (docs/races.md R9).
 *
 * All of it is async-signal-safe; a descriptor is open between the start and the end of a list.
 */
#ifndef FP_CORE_PROC_H
#define FP_CORE_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct fp_proc {
    pid_t pid, ppid, pgrp, session;
    char state;
    unsigned threads;
    uint64_t start; /* clock ticks since boot: with the pid, which process this is */
};

/* Whether /proc is there and its pids are those of our own pid namespace. */
bool fp_proc_is_ours(void);

/* The number of our own pid namespace; 0: not known. */
uint64_t fp_proc_namespace(void);

/* False when the text is not a stat line. Its name may hold anything, ')' and newlines included. */
bool fp_proc_parse(const char *text, size_t length, struct fp_proc *ret);

/* False when there is no such process, or it cannot be seen. */
bool fp_proc_read(pid_t pid, struct fp_proc *ret);

/* The process that this pidfd refers to; 0 when it is none, or that process has been reaped. */
pid_t fp_proc_of_pidfd(int pidfd);

/* Not a zombie; a process whose first thread has left and whose others run is alive. */
bool fp_proc_is_alive(const struct fp_proc *proc);

/* Pids that /proc lists. */
struct fp_proc_list {
    int fd;
    bool is_directory;
    unsigned at, end;
    _Alignas(8) char buffer[1024];
};

/* Begin a list; false when there is none. children: those that this thread is the parent of. */
bool fp_proc_list_all(struct fp_proc_list *list);
bool fp_proc_list_threads(struct fp_proc_list *list, pid_t pid);
bool fp_proc_list_children(struct fp_proc_list *list, pid_t pid, pid_t tid);

/* The next pid, or 0 at the end. Processes that come and go meanwhile may hide others. */
pid_t fp_proc_list_next(struct fp_proc_list *list);

void fp_proc_list_end(struct fp_proc_list *list);

/* The entries of any directory, by name; not to be ended: the descriptor stays the caller's. */
void fp_proc_list_of(struct fp_proc_list *list, int fd);
const char *fp_proc_list_next_name(struct fp_proc_list *list);

/* The beginning of a text file, terminated; false when it cannot be read. */
bool fp_proc_text(const char *path, char *ret, size_t size);

/* The number given to the newest process of our pid namespace; 0: not known. */
pid_t fp_proc_newest(void);

/* Whether it has arguments: not when it has just ended, nor within an exec. */
bool fp_proc_has_arguments(pid_t pid);

/* The numbers of processes are below this; 0: not known. */
pid_t fp_proc_pid_max(void);

/* The environment that a process was exec'd with, as it stands in its memory now. */
struct fp_proc_variables {
    int fd;
    unsigned at, end;
    char buffer[1024];
};

bool fp_proc_variables_begin(struct fp_proc_variables *variables, pid_t pid);

/* The next variable, cut off at a kilobyte; NULL at the end. */
const char *fp_proc_variables_next(struct fp_proc_variables *variables);

void fp_proc_variables_end(struct fp_proc_variables *variables);

/* Whether the text, which repeats no part of itself, stands in the names of what is mapped. */
bool fp_proc_has_mapped(pid_t pid, const char *text);

#endif
