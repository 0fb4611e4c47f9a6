/* What the parts of the watch share; watch.h has what the wrappers may call. */
#ifndef FP_AUDIT_WATCH_INNER_H
#define FP_AUDIT_WATCH_INNER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "watch.h"

/* Of this process: zeroed in a forked child, shared with a vfork child. */
#define FP_WATCH_SEEN 496
struct fp_watch_own {
    atomic_int pid; /* whose this is; 0: of a child that no wrapper has told of */
    _Atomic(uintptr_t) seen[FP_WATCH_SEEN];
};
_Static_assert(sizeof(struct fp_watch_own) <= FP_LOG_ROOM, "it has room there");

/* Of this image; a forked child has the same. */
struct fp_watch_state {
    _Atomic(struct fp_watch_own *) own;
    atomic_bool has_threads;    /* one was made, by this process */
    atomic_bool in_child;       /* forked, and nothing executed since */
    atomic_bool of_threads;     /* and that of a process with threads */
    atomic_bool moved;          /* the working directory, since then */
    atomic_bool moved_in_vfork; /* by a vfork child, for itself */
    uint64_t blocked;           /* signals, when the image began */
    uint32_t had;               /* FP_EXEC_HAD_… */
};
extern struct fp_watch_state fp_watch_state;

/* Who shares the memory but is another process. */
bool fp_watch_is_vfork_child(void);

/* A forked child, vfork's included. */
bool fp_watch_is_child(void);

/* Whether this was told for the first time in this process; false, too, once there is no room. */
bool fp_watch_is_new(uintptr_t key);

bool fp_watch_is_ignored(int signal);

/* Signals that are blocked when the image begins are so by whoever started it. */
void fp_watch_inherit_blocked(uint64_t blocked);

/* The image was given this environment. */
void fp_watch_given_variables(char *const *envp);

/* Names in the environment that collide, for the exec that follows. */
void fp_watch_variables(char *const *user_envp);

/* Whether a spawn has ever been told to close it in the child. */
bool fp_watch_is_closed_by_spawn(int fd);

#endif
