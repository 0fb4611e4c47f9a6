/*
 * Waits of this thread that have seen their child and not taken it yet (R12).
 *
 * A bare wait sees and reaps in one system call; a handler that runs afterwards finds the child
 * gone. Ours sees first (WNOWAIT) and takes then; a handler between the two must not find the child
 * either. So each blocking wait notes what it has seen where a wait in a handler above it can find
 * it, and that one first takes it in the name of the interrupted wait. From the moment when the
 * interrupted wait goes on to take it itself, waits in handlers look past that child.
 *
 * One list a thread, in thread-local storage of the initial-exec kind: no call, no allocation. A
 * frame left by longjmp leaves at most a note (musl), which means what it meant: that child was
 * waited for.
 */
#ifndef FP_PENDING_H
#define FP_PENDING_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/resource.h>

#include "word.h"

struct fp_pending {
    int options;    /* of the wait, as waitid's */
    siginfo_t info; /* the kernel writes what was seen here; si_pid 0: nothing yet */
    struct rusage usage;
    atomic_bool taken;    /* a wait in a handler has taken it for this one */
    atomic_bool claiming; /* this one is about to take it itself: handlers look past it */
    fp_word registration; /* of that child, see registration_of */
};

/* A fresh note for a wait; NULL when handlers are nested too deep to be followed. */
struct fp_pending *fp_pending_push(int options);

/* The newest note is done with. */
void fp_pending_pop(void);

/* From here on handlers look past the child that the note tells of. */
void fp_pending_claim(struct fp_pending *note);

/*
 * A wait below the calling one is about to take this child, or has just done so: the calling one is
 * to look past it.
 */
bool fp_pending_claims(pid_t pid);

/* Whether a wait had to look past a child since this was last asked: by then it may tell more. */
bool fp_pending_passed(void);

/*
 * The calling thread is about to ask for or act on the state of children: what its interrupted
 * waits have seen is taken for them. To be called first; nothing to do outside handlers.
 */
void fp_pending_settle(void);

#endif
