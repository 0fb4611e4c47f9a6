/* fork, _Fork, vfork, clone: the child is registered before anybody is told of it. */
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/types.h>
#include <unistd.h>

#include "birth.h"
#include "kept.h"
#include "note.h"
#include "symbol.h"
#include "wrap.h"

static pid_t refuse(const struct fp_note *note, enum fp_audit_forked how, int error) {
    fp_note_fork_end(note, how, error);
    return (pid_t)fp_wrap_result(error);
}

static pid_t fork_by(pid_t (*next)(void)) {
    FP_NOTE(note);
    if (!next)
        return (pid_t)fp_wrap_result(-ENOSYS);
    fp_note_fork_begin(&note, false);
    int refused = fp_birth_begin();
    if (refused < 0)
        return refuse(&note, FP_FORKED_FORK, refused);
    pid_t pid = next();
    if (pid != 0) {
        fp_note_fork_end(&note, FP_FORKED_FORK, fp_note_result(pid));
        return fp_birth_end(pid, (struct fp_birth){0});
    }
    fp_birth_child();
    fp_note_fork_child(&note);
    return 0;
}

FP_EXPORT pid_t fork(void) {
    return fork_by(FP_NEXT(fork));
}
FP_EXPORT_AS(__fork, fork);

pid_t _Fork(void);

static pid_t bare_fork(void) {
    return fork_by(FP_NEXT(_Fork));
}

FP_EXPORT_IF_IN_LIBC(_Fork, bare_fork); // glibc 2.34

/*
 * Called by the trampoline in arch/ before and, in the parent, after the system call, which is not
 * made when the first answers an error; that goes to fp_syscall_failed.
 */
long fp_vfork_begin(void);
pid_t fp_vfork_end(long result);

long fp_vfork_begin(void) {
    FP_NOTE(note);
    fp_kept_note(NULL, 0);
    fp_note_vfork_begin();
    int refused = fp_birth_begin();
    if (refused < 0)
        fp_note_vfork_end(&note, refused);
    return refused;
}

pid_t fp_vfork_end(long result) {
    FP_NOTE(note);
    fp_kept_reclaim();
    fp_note_vfork_end(&note, (int)result);
    return (pid_t)fp_wrap_result(fp_birth_end((pid_t)result, (struct fp_birth){0}));
}

/* A child on memory of its own tells that before it starts. */
struct start {
    int (*start)(void *);
    void *argument;
    const struct fp_note *note;
};

static int start_child(void *context) {
    struct start start = *(const struct start *)context;
    fp_note_fork_child(start.note);
    return start.start(start.argument);
}

/*
 * A thread, or a child whose parent is ours, is none of ours. A child that announces its end by
 * another signal than SIGCHLD is seen by other waits than the stash answers: never reaped early.
 */
FP_EXPORT int clone(int (*start)(void *), void *stack, int flags, void *argument, ...) {
    FP_NOTE(note);
    __typeof__(&clone) next = FP_NEXT(clone);
    va_list list;
    va_start(list, argument);
    pid_t *parent_tid = va_arg(list, pid_t *);
    void *tls = va_arg(list, void *);
    pid_t *child_tid = va_arg(list, pid_t *);
    va_end(list);
    if (!next)
        return (int)fp_wrap_result(-ENOSYS);
    if (flags & CLONE_THREAD)
        return next(start, stack, flags, argument, parent_tid, tls, child_tid);
    bool is_ours = !(flags & CLONE_PARENT);
    struct start own = {start, argument, &note};
    fp_kept_note(NULL, 0);
    fp_note_fork_begin(&note, flags & CLONE_VM);
    int refused = is_ours ? fp_birth_begin() : fp_birth_begin_elsewhere();
    if (refused < 0)
        return refuse(&note, FP_FORKED_CLONE, refused);
    if (FP_AUDIT && start && !(flags & CLONE_VM)) {
        start = start_child;
        argument = &own;
    }
    int pid = next(start, stack, flags, argument, parent_tid, tls, child_tid);
    if (flags & CLONE_VFORK)
        fp_kept_reclaim();
    fp_note_fork_end(&note, FP_FORKED_CLONE, fp_note_result(pid));
    if (!is_ours)
        return fp_birth_end_elsewhere(pid);
    bool pinned = (flags & CSIGNAL) != SIGCHLD || (flags & CLONE_PIDFD);
    return fp_birth_end(pid, (struct fp_birth){.pinned = pinned});
}
FP_EXPORT_AS(__clone, clone);
