/*
 * kill=tree: a signal that ends the program's child ends what the child has started, too.
 *
 * The subtree is what /proc shows below the child: a process whose parents have ended before has
 * left it. For SIGKILL the tree is stopped first, each process before its children are listed, so
 * that one which forks faster than it is killed is caught; then it is killed from the leaves, the
 * child last. For the others the child gets its signal first, then its descendants, parents before
 * children; what was forked meanwhile follows.
 *
 * What can be seen of it: the child stops before it dies of SIGKILL (SIGCHLD with CLD_STOPPED; a
 * thread already blocked in a wait with WUNTRACED may be told). Signals to the calling thread wait
 * until the tree has got its own. A process that blocks in the kernel for longer than some
 * milliseconds may complete a fork unseen. SIGKILL to the program itself in the middle leaves the
 * tree stopped.
 *
 * Async-signal-safe. Source: gotchas grandchild-survives-kill, watch-restart-leak,
 * wait-blocks-on-held-pipe.
 */
#ifndef FP_TREE_H
#define FP_TREE_H

#include <signal.h>
#include <stdbool.h>

#include "deliver.h"
#include "settings.h"

/* Whether a signal of this number to a child is for its tree. */
static inline bool fp_tree_is_wanted(int number) {
    return fp_settings.options.kill == FP_KILL_TREE &&
           (number == SIGKILL || number == SIGTERM || number == SIGINT || number == SIGQUIT);
}

/*
 * Sends it to our child, by `send`, and to its descendants. Answers what `send` answered for the
 * child, and reaches nobody else when that is an error. To be called while nobody may reap the
 * child, or with a pidfd of it.
 */
long fp_tree_send(const struct fp_signal *signal, long (*send)(const struct fp_signal *));

#ifdef FORKPROOF_TEST_POINTS
/* As on a kernel without /proc/PID/task/TID/children. */
extern bool fp_tree_scans;
#endif

#endif
