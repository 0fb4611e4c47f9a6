/*
 * syscall(): programs call the kernel by number for what their libc lacks, and some runtimes for
 * everything. The calls that the shim knows by name get the same answer by number; all others, and
 * those that return twice on one stack, are left to the trampoline in arch/.
 */
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "birth.h"
#include "child.h"
#include "chld.h"
#include "confine.h"
#include "deliver.h"
#include "group.h"
#include "image.h"
#include "kept.h"
#include "limit.h"
#include "note.h"
#include "pipes.h"
#include "proc.h"
#include "raw.h"
#include "reap.h"
#include "subreaper.h"
#include "sys.h"
#include "wrap.h"

/* call[0] is the number, then the result; call[1] to call[6] are the arguments. */
bool fp_syscall_answered(long *call);
long fp_syscall_failed(long result);

/* A child of our own, on a copy of our memory and stack: it may return through our frames. */
static bool is_plain_fork(uint64_t flags, uint64_t stack) {
    return !stack && !(flags & (CLONE_VM | CLONE_THREAD | CLONE_PARENT));
}

static enum fp_audit_forked how_of(const long *call) {
    switch (call[0]) {
#ifdef SYS_fork
    case SYS_fork:
        return FP_FORKED_FORK;
    case SYS_vfork:
        return FP_FORKED_VFORK;
#endif
    default:
        return FP_FORKED_CLONE;
    }
}

static long fork_by(struct fp_note *note, const long *call, uint64_t flags, uint64_t exit_signal) {
    fp_note_fork_begin(note, false);
    int refused = fp_birth_begin();
    if (refused < 0) {
        fp_note_fork_end(note, how_of(call), refused);
        return refused;
    }
    long pid = fp_raw_make(call);
    if (pid == 0) {
        fp_birth_child();
        fp_note_fork_child(note);
        return 0;
    }
    bool pinned = exit_signal != SIGCHLD || (flags & CLONE_PIDFD);
    fp_note_fork_end(note, how_of(call), (int)pid);
    return fp_birth_end((pid_t)pid, (struct fp_birth){.pinned = pinned});
}

/* One that is made from the trampoline: nobody is told of its end, so a later count finds it. */
static bool is_refused(struct fp_note *note, uint64_t flags, long *call) {
    if (!(flags & CLONE_THREAD))
        fp_note_fork_untold(note, how_of(call));
    int refused = flags & CLONE_THREAD ? 0 : fp_limit_take(fp_ledger_enter());
    if (refused < 0)
        call[0] = fp_wrap_result(refused);
    return refused < 0;
}

static bool clone3_answered(struct fp_note *note, long *call) {
    struct clone_args arguments = {0};
    size_t known = sizeof arguments;
    size_t size = (size_t)call[2] < known ? (size_t)call[2] : known;
    if (fp_sys_copy_in(&arguments, (const void *)call[1], size) < 0)
        return false;
    if (!is_plain_fork(arguments.flags, arguments.stack))
        return is_refused(note, arguments.flags, call);
    call[0] = fp_wrap_result(fork_by(note, call, arguments.flags, arguments.exit_signal));
    return true;
}

static long signal_by(struct fp_note *note, const long *call) {
    struct fp_signal signal = {0};
    enum fp_audit_killed how = FP_KILLED_KILL;
    switch (call[0]) {
    case SYS_kill:
        signal = (struct fp_signal){FP_BY_KILL, (pid_t)call[1], 0, (int)call[2], NULL};
        break;
    case SYS_tgkill:
        how = FP_KILLED_TGKILL;
        signal =
            (struct fp_signal){FP_BY_TGKILL, (pid_t)call[1], (pid_t)call[2], (int)call[3], NULL};
        break;
    default:
        how = FP_KILLED_SIGQUEUE;
        signal =
            (struct fp_signal){FP_BY_QUEUE, (pid_t)call[1], 0, (int)call[2], (siginfo_t *)call[3]};
    }
    fp_note_signal_begin(note, how, signal.pid, signal.number);
    long result = fp_deliver(&signal, fp_settings.options.stale);
    fp_note_signal_end(note, how, signal.pid, signal.number, result);
    return result;
}

/* Of tkill: a process has the number of its first thread. */
static pid_t process_of(const long *call) {
    pid_t self = fp_sys_getpid();
    pid_t given = (pid_t)call[1];
    return call[0] == SYS_tkill && fp_sys_tgkill(self, given, 0) == 0 ? self : given;
}

static long signal_thread(struct fp_note *note, const long *call) {
    bool is_tkill = call[0] == SYS_tkill;
    enum fp_audit_killed how = is_tkill ? FP_KILLED_TGKILL : FP_KILLED_SIGQUEUE;
    int number = (int)call[is_tkill ? 2 : 3];
    pid_t target = FP_AUDIT ? process_of(call) : 0;
    fp_note_signal_begin(note, how, target, number);
    long result = fp_confine_has_thread((pid_t)call[1], number) ? fp_raw_make(call) : -EPERM;
    fp_note_signal_end(note, how, target, number, result);
    return result;
}

static long signal_held(struct fp_note *note, const long *call) {
    pid_t target = FP_AUDIT ? fp_proc_of_pidfd((int)call[1]) : 0;
    if (target > 0)
        fp_note_signal_begin(note, FP_KILLED_PIDFD, target, (int)call[2]);
    long result =
        fp_deliver_held((int)call[1], (int)call[2], (const siginfo_t *)call[3], (unsigned)call[4]);
    if (target > 0)
        fp_note_signal_end(note, FP_KILLED_PIDFD, target, (int)call[2], result);
    return result;
}

/* Whether this has the kernel reap; where libc's older calls tell it otherwise, it is found out
 * late. */
static bool is_automatic(const long *call) {
    struct {
        void (*handler)(int);
        unsigned long flags;
    } action = {0};
    if (call[0] != SYS_rt_sigaction || !call[2] ||
        fp_sys_copy_in(&action, (const void *)call[2], sizeof action) < 0)
        return false;
    return action.handler == SIG_IGN || (action.flags & SA_NOCLDWAIT);
}

/* The older calls of 32-bit machines have other arguments: there SIGPIPE is as bare. */
static long act(const long *call) {
    if (call[0] == SYS_rt_sigaction && call[1] == SIGPIPE &&
        fp_settings.options.sigpipe == FP_SIGPIPE_EPIPE)
        return fp_sigpipe_action((const void *)call[2], (void *)call[3], (size_t)call[4]);
    bool changes = call[1] == SIGCHLD;
    if (changes)
        fp_chld_changes(is_automatic(call));
    long result = fp_raw_make(call);
    if (changes)
        fp_chld_changed();
    return result;
}

/* As the kernel has it; that of older calls is not told. */
static long action_by(const struct fp_note *note, const long *call) {
    struct fp_audit_handler body = {.signal = (int)call[1], .how = FP_HANDLED_SIGACTION};
    struct fp_sys_action action = {.flags = 0};
    if (FP_AUDIT && call[0] == SYS_rt_sigaction &&
        fp_sys_copy_in(&action, (const void *)call[2], sizeof action) == 0) {
        body.handler = (uintptr_t)action.handler;
        body.flags = (uint32_t)action.flags;
    }
    long result = act(call);
    fp_note_handler(note, &body, result);
    return result;
}

static long exec_raw(const long *call, const char *path, char *const *envp) {
    if (call[0] == SYS_execve)
        return fp_sys_execve(path, (char *const *)call[2], envp);
    return fp_sys_execveat((int)call[1], path, (char *const *)call[3], envp, (int)call[5]);
}

static long exec_by(const struct fp_note *note, const long *call) {
    char *const *envp = (char *const *)(call[0] == SYS_execve ? call[3] : call[4]);
    const char *path = (const char *)(call[0] == SYS_execve ? call[1] : call[2]);
    const char *given = path;
    struct fp_kept kept;
    fp_note_exec(note, given, envp, false);
    if (call[0] == SYS_execve || (int)call[1] == AT_FDCWD)
        FP_PLACE(path);
    FP_KEEP(kept, envp);
    bool disarmed = fp_image_begin();
    long result = exec_raw(call, path, kept.envp);
    if (fp_kept_was_too_big(&kept, -result))
        result = exec_raw(call, path, envp);
    fp_image_failed(disarmed);
    fp_note_exec_failed(note, given, result);
    return result;
}

static long pipe_by(const struct fp_note *note, const long *call, int flags) {
    int *ends = (int *)call[1];
    long result = fp_pipes_make(ends, flags);
    fp_note_pipe(note, ends, flags, result);
    return result;
}

/* Under pipes=cloexec. */
static bool pipe_answered(const struct fp_note *note, const long *call, long *ret_result) {
    int flags;
    if (fp_settings.options.pipes != FP_PIPES_CLOEXEC)
        return false;
#ifdef SYS_dup2
    if (call[0] == SYS_dup2 && call[1] == call[2])
        fp_pipes_keep_open((int)call[1]);
#endif
    if (!fp_raw_is_pipe(call, &flags))
        return false;
    *ret_result = pipe_by(note, call, flags);
    return true;
}

bool fp_syscall_answered(long *call) {
    FP_NOTE(note);
    long result;
    switch (call[0]) {
#ifdef SYS_fork
    case SYS_fork:
        result = fork_by(&note, call, 0, SIGCHLD);
        break;
#endif
#ifdef SYS_vfork
    case SYS_vfork:
        return is_refused(&note, 0, call);
#endif
    case SYS_clone: {
        uint64_t flags = (uint64_t)call[FP_SYS_CLONE_FLAGS];
        if (!is_plain_fork(flags, (uint64_t)call[FP_SYS_CLONE_STACK]))
            return is_refused(&note, flags, call);
        result = fork_by(&note, call, flags, flags & CSIGNAL);
        break;
    }
    case SYS_clone3:
        return clone3_answered(&note, call);
    case SYS_execve:
    case SYS_execveat:
        result = exec_by(&note, call);
        break;
    case SYS_wait4:
        result = fp_note_wait4(&note, (pid_t)call[1], (int *)call[2], (int)call[3],
                               (struct rusage *)call[4]);
        break;
#ifdef SYS_waitpid
    case SYS_waitpid:
        result = fp_note_wait4(&note, (pid_t)call[1], (int *)call[2], (int)call[3], NULL);
        break;
#endif
    case SYS_waitid:
        result = fp_note_waitid(&note, (int)call[1], call[2], (siginfo_t *)call[3], (int)call[4],
                                (struct rusage *)call[5]);
        break;
    case SYS_tkill:
    case SYS_rt_tgsigqueueinfo:
        result = signal_thread(&note, call);
        break;
    case SYS_kill:
    case SYS_tgkill:
    case SYS_rt_sigqueueinfo:
        result = signal_by(&note, call);
        break;
    case SYS_pidfd_send_signal:
        result = signal_held(&note, call);
        break;
#ifdef SYS_signal
    case SYS_signal:
#endif
#ifdef SYS_sigaction
    case SYS_sigaction:
#endif
    case SYS_rt_sigaction:
        result = action_by(&note, call);
        break;
    case SYS_setsid:
        call[0] = setsid();
        return true;
    case SYS_setpgid:
        call[0] = setpgid((pid_t)call[1], (pid_t)call[2]);
        return true;
    case SYS_exit_group:
        fp_note_exit(&note, FP_ENDED_EXIT, (int)call[1]);
        fp_group_end();
        return false;
    case SYS_prctl:
        if (call[1] != PR_SET_CHILD_SUBREAPER && (!FP_AUDIT || call[1] != PR_SET_PDEATHSIG))
            return false;
        result = fp_subreaper_prctl((int)call[1], call[2], call[3], call[4], call[5]);
        if (call[1] == PR_SET_PDEATHSIG)
            fp_note_pdeathsig(&note, call[2], result);
        break;
    case SYS_pidfd_open:
        result = fp_child_pidfd((pid_t)call[1], (unsigned)call[2]);
        break;
    default:
        if (!pipe_answered(&note, call, &result) && !fp_note_raw(&note, call, &result))
            return false;
    }
    call[0] = fp_wrap_result(result);
    return true;
}

long fp_syscall_failed(long result) {
    return fp_wrap_result(result);
}
