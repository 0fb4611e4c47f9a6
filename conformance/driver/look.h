/* What the processes of one case are doing, from /proc. The caller itself is never among them. */
#ifndef LOOK_H
#define LOOK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct look {
    int count;     /* processes, zombies too */
    bool moves;    /* a thread runs, or is in a wait that ends by itself */
    uint64_t hash; /* of who there is and how often each thread has been scheduled */
};

/* top: only its descendants; 0: everybody in this pid namespace. skip: may be NULL. */
void look_at_all(struct look *ret, pid_t top, bool (*skip)(pid_t));

/* Asleep, with no signal on its way. */
bool look_is_idle(pid_t pid);

/* By a signal or a tracer. */
bool look_is_stopped(pid_t pid);

/* "WORD PID STATE NAME ARGUMENTS" on stdout, one line each. */
void look_print_all(const char *word, pid_t top, bool (*skip)(pid_t));

/* What each thread waits for and what each process has open. A file of that name is replaced. */
void look_write_state(const char *path, pid_t top);

/* SIGKILL to every descendant of top; one that forks meanwhile is for the next call. */
void look_kill_all(pid_t top);

#endif
