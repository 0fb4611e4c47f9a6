/*
 * syscall(): programs call the kernel by number for what their libc lacks, and some runtimes for
 * everything. The calls that the shim knows by name get the same answer by number; all others, and
 * those that return twice on one stack, are left to the trampoline in arch/.
 */
#include <linux/sched.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/syscall.h>

#include "child.h"
#include "chld.h"
#include "deliver.h"
#include "kept.h"
#include "reap.h"
#include "stash.h"
#include "sys.h"
#include "wrap.h"

/* call[0] is the number, then the result; call[1] to call[6] are the arguments. */
bool fp_syscall_answered(long *call);
long fp_syscall_failed(long result);

static long raw(const long *call) {
    return fp_syscall(call[0], call[1], call[2], call[3], call[4], call[5], call[6]);
}

/* A child of our own, on a copy of our memory: it may return through our frames. */
static bool is_plain_fork(uint64_t flags) {
    return !(flags & (CLONE_VM | CLONE_THREAD | CLONE_PARENT));
}

static long fork_by(const long *call, uint64_t flags, uint64_t exit_signal) {
    fp_fork_begin();
    long pid = raw(call);
    if (pid == 0) {
        fp_table_forget();
        return 0;
    }
    fp_fork_end((pid_t)pid);
    if (pid > 0 && (exit_signal != SIGCHLD || (flags & CLONE_PIDFD)))
        fp_child_pin((pid_t)pid);
    if (pid > 0)
        fp_stash_bound(fp_settings.options.zombies);
    return pid;
}

static bool clone3_answered(long *call) {
    struct clone_args arguments = {0};
    size_t known = sizeof arguments;
    size_t size = (size_t)call[2] < known ? (size_t)call[2] : known;
    if (fp_sys_copy_in(&arguments, (const void *)call[1], size) < 0 ||
        !is_plain_fork(arguments.flags))
        return false;
    call[0] = fork_by(call, arguments.flags, arguments.exit_signal);
    return true;
}

static long signal_by(const long *call) {
    struct fp_signal signal = {0};
    switch (call[0]) {
    case SYS_kill:
        signal = (struct fp_signal){FP_BY_KILL, (pid_t)call[1], 0, (int)call[2], NULL};
        break;
    case SYS_tgkill:
        signal =
            (struct fp_signal){FP_BY_TGKILL, (pid_t)call[1], (pid_t)call[2], (int)call[3], NULL};
        break;
    default:
        signal =
            (struct fp_signal){FP_BY_QUEUE, (pid_t)call[1], 0, (int)call[2], (siginfo_t *)call[3]};
    }
    return fp_deliver(&signal, fp_settings.options.stale);
}

static long exec_raw(const long *call, char *const *envp) {
    if (call[0] == SYS_execve)
        return fp_sys_execve((const char *)call[1], (char *const *)call[2], envp);
    return fp_sys_execveat((int)call[1], (const char *)call[2], (char *const *)call[3], envp,
                           (int)call[5]);
}

static long exec_by(const long *call) {
    char *const *envp = (char *const *)(call[0] == SYS_execve ? call[3] : call[4]);
    struct fp_kept kept;
    FP_KEEP(kept, envp);
    long result = exec_raw(call, kept.envp);
    return fp_kept_was_too_big(&kept, -result) ? exec_raw(call, envp) : result;
}

bool fp_syscall_answered(long *call) {
    long result;
    switch (call[0]) {
#ifdef SYS_fork
    case SYS_fork:
        result = fork_by(call, 0, SIGCHLD);
        break;
#endif
    case SYS_clone:
        if (!is_plain_fork((uint64_t)call[1]))
            return false;
        result = fork_by(call, (uint64_t)call[1], (uint64_t)call[1] & CSIGNAL);
        break;
    case SYS_clone3:
        return clone3_answered(call);
    case SYS_execve:
    case SYS_execveat:
        result = exec_by(call);
        break;
    case SYS_wait4:
        result =
            fp_reap_wait4((pid_t)call[1], (int *)call[2], (int)call[3], (struct rusage *)call[4]);
        break;
    case SYS_waitid:
        result = fp_reap_waitid((int)call[1], call[2], (siginfo_t *)call[3], (int)call[4],
                                (struct rusage *)call[5]);
        break;
    case SYS_kill:
    case SYS_tgkill:
    case SYS_rt_sigqueueinfo:
        result = signal_by(call);
        break;
    case SYS_rt_sigaction:
        result = raw(call);
        if (call[1] == SIGCHLD)
            fp_chld_forget();
        break;
    case SYS_pidfd_open:
        fp_child_pin((pid_t)call[1]);
        return false;
    default:
        return false;
    }
    call[0] = fp_wrap_result(result);
    return true;
}

long fp_syscall_failed(long result) {
    return fp_wrap_result(result);
}
