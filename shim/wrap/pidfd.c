/*
 * pidfd_open: a program that holds a pidfd of its child sees whether the zombie is still there, so
 * that child is never reaped early.
 */
#include <sys/types.h>

#include "child.h"
#include "sys.h"
#include "wrap.h"

FP_EXPORT int pidfd_open(pid_t pid, unsigned flags);

FP_EXPORT int pidfd_open(pid_t pid, unsigned flags) {
    fp_child_pin(pid);
    return (int)fp_wrap_result(fp_sys_pidfd_open(pid, flags));
}
