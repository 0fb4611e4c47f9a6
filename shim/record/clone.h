/* clone by its number, which has the order of its arguments by the architecture. */
#ifndef FP_CLONE_H
#define FP_CLONE_H

#include <sys/syscall.h>
#include <unistd.h>

#ifdef __s390x__
#define FP_CLONE_STACK_FIRST 1
#else
#define FP_CLONE_STACK_FIRST 0
#endif

/* On a stack that is a copy. */
static inline long fp_clone_by(unsigned long flags, void *parent_tid, void *child_tid) {
    return FP_CLONE_STACK_FIRST ? syscall(SYS_clone, 0L, flags, parent_tid, child_tid, 0L)
                                : syscall(SYS_clone, flags, 0L, parent_tid, child_tid, 0L);
}

#endif
