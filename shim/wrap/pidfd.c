/*
 * pidfd_open: a program that holds a pidfd of its child sees whether the zombie is still there, so
 * that child is never reaped early. pidfd_send_signal: as kill, with kill=tree.
 */
#include <signal.h>
#include <sys/types.h>

#include "child.h"
#include "deliver.h"
#include "note.h"
#include "proc.h"
#include "symbol.h"
#include "sys.h"
#include "wrap.h"

FP_EXPORT int pidfd_open(pid_t pid, unsigned flags);

FP_EXPORT int pidfd_open(pid_t pid, unsigned flags) {
    return (int)fp_wrap_result(fp_child_pidfd(pid, flags));
}

int pidfd_send_signal(int pidfd, int number, siginfo_t *info, unsigned flags);

static int to_held(int pidfd, int number, siginfo_t *info, unsigned flags) {
    FP_NOTE(note);
    pid_t target = FP_AUDIT ? fp_proc_of_pidfd(pidfd) : 0; // before it is reaped
    if (target > 0)
        fp_note_signal_begin(&note, FP_KILLED_PIDFD, target, number);
    long result = fp_deliver_held(pidfd, number, info, flags);
    if (target > 0)
        fp_note_signal_end(&note, FP_KILLED_PIDFD, target, number, result);
    return (int)fp_wrap_result(result);
}

FP_EXPORT_IF_IN_LIBC(pidfd_send_signal, to_held); // glibc 2.36
