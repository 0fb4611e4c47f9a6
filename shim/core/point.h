/*
 * Named points inside the windows of the races in docs/races.md. In the shim they are nothing;
 * the test build calls a function there, which may delay, fork, reap or raise a signal.
 */
#ifndef FP_POINT_H
#define FP_POINT_H

enum fp_point {
    FP_POINT_BEFORE_REGISTER, /* fork has returned, its child is not registered yet */
    FP_POINT_BEFORE_KILL,     /* killers + 1, the signal is not sent yet */
    FP_POINT_AFTER_KILL,      /* the signal is sent, killers not yet - 1 */
    FP_POINT_AFTER_PEEK,      /* a zombie was seen, nothing is decided yet */
    FP_POINT_BEFORE_PIDFD,    /* a target that nothing pins was our child; no pidfd is open yet */
    FP_POINT_PROVED,          /* a target that nothing pins was proved to be ours, not sent yet */
    FP_POINT_CLAIMED,         /* a blocking wait goes on to take what it saw, nothing is done yet */
    FP_POINT_BEFORE_REAP,     /* closers + 1, the zombie is still there */
    FP_POINT_AFTER_REAP,      /* reaped, the word does not say so yet */
    FP_POINT_BEFORE_GONE,     /* reaped, the word was read, forks in flight not yet */
    FP_POINT_SETTLING, /* a handler has not got what its wait below saw, nor looked in the stash */
    FP_POINT_BEFORE_UNLIST,   /* a status is about to leave the stash, the pid is still listed */
    FP_POINT_BEFORE_STASH,    /* listed as stashed, the word does not say so yet */
    FP_POINT_STASH_PUBLISHED, /* status in the stash, the zombie is still there */
    FP_POINT_BEFORE_BLOCK,    /* a waiter has announced itself and is about to look at the stash */
    FP_POINT_LOOKED_PAST,     /* all registered children were looked at behind a deferred zombie */
    FP_POINT_TAKEN,           /* a wait has taken what it saw; its note still says so */
    FP_POINT_BEFORE_LOOK,     /* the parent was there, its directory is not asked for yet */
    FP_POINT_BEFORE_LEARN,    /* the kernel has answered, the answer is not remembered yet */
    FP_POINT_TREE_LISTED,     /* a child's descendants are listed, none is signalled yet */
    FP_POINT_TREE_HELD,       /* a descendant's pidfd is open, the second look is to come */
    FP_POINT_REGISTER_LOOKED, /* it is known whether a register holds a process */
    FP_POINT_SWEEP_LISTED,    /* who may be a member is listed, nobody is looked at yet */
    FP_POINT_SWEEP_LOOKED,    /* one look at a process of two is done */
    FP_POINT_CLIMBED,         /* a process was read, its parent is not yet */
    FP_POINT_CONFINED,        /* it is decided which side a process is on, nothing is sent yet */
    FP_POINT_LOG_TOOK,        /* a chunk of the record is ours and has no head yet */
    FP_POINT_LOG_RESERVED,    /* an event has its bytes in the record, none of them written */
    FP_POINT_LOG_WRITTEN,     /* all of them, and it is not committed */
};

#ifdef FORKPROOF_TEST_POINTS
extern void (*fp_point_hook)(enum fp_point);
#define fp_point(p) ((void)(fp_point_hook ? fp_point_hook(p) : (void)0))
#else
#define fp_point(p) ((void)0)
#endif

#endif
