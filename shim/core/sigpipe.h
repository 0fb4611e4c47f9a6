/*
 * sigpipe=epipe: a write to a pipe whose readers are gone answers EPIPE instead of ending the
 * writer.
 *
 * That is what the kernel does for a process that ignores SIGPIPE. So where the disposition is the
 * default one, an ignoring one of ours takes its place; the program goes on seeing the default.
 * That it is ours stands in the disposition itself, as a signal mask that no program has: nothing
 * can get out of step with it, neither between threads nor between a vfork child and its parent,
 * which share their memory and not their dispositions. The kernel clears the mask at exec.
 *
 * Everything here is async-signal-safe and keeps errno.
 */
#ifndef FP_SIGPIPE_H
#define FP_SIGPIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sys.h"

/* The mask; SIGKILL and SIGSTOP, which the kernel takes out of every mask, are not in it. */
#define FP_SIGPIPE_MARK                                                                            \
    (UINT64_C(0x6f6f72706b726f66) & FP_SYS_MASK &                                                  \
     ~(UINT64_C(1) << (SIGKILL - 1) | UINT64_C(1) << (SIGSTOP - 1)))

/* Whether the disposition is ours. */
bool fp_sigpipe_stands(void);

/* Puts ours in the place of this one, if that is what is there. Its flags stay, its mask is lost.
 */
void fp_sigpipe_replace(void (*handler)(int));

/*
 * Before an exec: the next image, which may be without hooks, gets the default back. True when it
 * was ours; after a failed exec the default is to be replaced again. Another thread's write in
 * between is answered as bare.
 */
bool fp_sigpipe_disarm(void);

/* The system call rt_sigaction for SIGPIPE, with the default in ours' place. */
long fp_sigpipe_action(const void *user_action, void *user_old, size_t size);

#endif
