/*
 * pidfd_open, directly and by syscall(): a program that holds a pidfd of its child sees whether the
 * zombie is still there, so that child is never reaped early.
 */
#include <stdarg.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "child.h"
#include "sys.h"
#include "wrap.h"

FP_EXPORT int pidfd_open(pid_t pid, unsigned flags);

FP_EXPORT int pidfd_open(pid_t pid, unsigned flags) {
    fp_child_pin(pid);
    return (int)fp_wrap_result(fp_sys_pidfd_open(pid, flags));
}

FP_EXPORT long syscall(long number, ...) {
    va_list list;
    long a[6];
    va_start(list, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(list, long);
    va_end(list);
    if (number == SYS_pidfd_open)
        fp_child_pin((pid_t)a[0]);
    return fp_wrap_result(fp_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]));
}
