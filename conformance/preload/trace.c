/*
 * Tested: a tracer's waits: the stops of a traced child, reported whether asked for or not, with
 * the event above the signal; children attached by PTRACE_O_TRACEFORK; a stop seen by WNOWAIT.
 */
#include <sys/ptrace.h>
#include <sys/resource.h>

#include "canon.h"

static int wait_for(const char *what, pid_t pid, int options) {
    int status = UNTOUCHED;
    struct rusage usage;
    pid_t result = wait4(pid, &status, options, &usage);
    say("%s: %s, %s, raw %#x", what, whose(result, pid), status_name(status), (unsigned)status);
    return status;
}

static void tracee(void) {
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP);
    pid_t pid = fork();
    if (pid == 0)
        _exit(5);
    int status;
    waitpid(pid, &status, 0);
    raise(SIGUSR1);
    _exit(WEXITSTATUS(status) + 1);
}

int main(void) {
    pid_t child = fork();
    if (child == 0)
        tracee();
    const long options = PTRACE_O_TRACEFORK | PTRACE_O_TRACEEXIT | PTRACE_O_TRACESYSGOOD;
    wait_for("first stop, not asked for", child, 0);
    ptrace(PTRACE_SETOPTIONS, child, NULL, (void *)options); // NOLINT(performance-no-int-to-ptr)
    ptrace(PTRACE_CONT, child, NULL, NULL);
    wait_for("fork event", child, 0);
    unsigned long message = 0;
    ptrace(PTRACE_GETEVENTMSG, child, NULL, &message);
    pid_t grandchild = (pid_t)message;
    wait_for("grandchild attached", grandchild, (int)__WALL);
    ptrace(PTRACE_CONT, child, NULL, NULL);
    ptrace(PTRACE_CONT, grandchild, NULL, NULL);
    wait_for("grandchild exits", grandchild, (int)__WALL);
    ptrace(PTRACE_CONT, grandchild, NULL, NULL);
    wait_for("grandchild gone", grandchild, (int)__WALL);
    // The tracee now gets SIGCHLD, then its own SIGUSR1: both stop it.
    int status = wait_for("SIGCHLD", child, 0);
    ptrace(PTRACE_CONT, child, NULL, NULL);
    siginfo_t info;
    memset(&info, 0, sizeof info);
    int seen = waitid(P_PID, (id_t)child, &info, WSTOPPED | WNOWAIT);
    say("SIGUSR1 seen: %d, code %d, status %d", seen, info.si_code, info.si_status);
    status = wait_for("SIGUSR1", child, WNOHANG);
    ptrace(PTRACE_SYSCALL, child, NULL, NULL);
    status = wait_for("system call", child, 0);
    say("stopped at a system call: %s", WSTOPSIG(status) == (SIGTRAP | 0x80) ? "yes" : "no");
    ptrace(PTRACE_CONT, child, NULL, NULL);
    wait_for("exit event", child, 0);
    ptrace(PTRACE_CONT, child, NULL, NULL);
    wait_for("exited", child, 0);
    wait_for("gone", child, 0);
    return 0;
}
