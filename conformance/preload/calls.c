/*
 * Tested: which system calls a function makes, by number, as a tracer sees them. An option that is
 * not asked for adds none.
 */
#include <spawn.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include "canon.h"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

/* ptrace_syscall_info, which not every libc's header has. */
struct stop {
    uint8_t kind; /* 1 entry, 2 exit */
    uint8_t padding[3];
    uint32_t architecture;
    uint64_t instruction, stack, number, arguments[6];
};
#define GET_STOP 0x420e
#define MARK 4711

static const char *const steps[] = {
    "pipe",
    "pipe2",
    "dup2",
    "dup2 onto itself",
    "sigaction",
    "signal",
    "sigset",
    "execve",
    "execv",
    "execvp",
    "execveat",
    "fexecve",
    "execl",
    "posix_spawn",
    "syscall of pipe2",
    "syscall of execve",
    "syscall of rt_sigaction",
};
#define STEPS (sizeof steps / sizeof *steps)

static char none[] = "./no/such/program";
static char *const arguments[] = {none, NULL};

static void by_exec(size_t step) {
    if (strcmp(steps[step], "execve") == 0)
        execve(none, arguments, environ);
    else if (strcmp(steps[step], "execv") == 0)
        execv(none, arguments);
    else if (strcmp(steps[step], "execvp") == 0)
        execvp(none, arguments);
    else if (strcmp(steps[step], "execveat") == 0)
        execveat(AT_FDCWD, none, arguments, environ, 0);
    else if (strcmp(steps[step], "fexecve") == 0)
        fexecve(99, arguments, environ);
    else if (strcmp(steps[step], "execl") == 0)
        execl(none, none, (char *)NULL);
    else if (strcmp(steps[step], "syscall of execve") == 0)
        syscall(SYS_execve, none, arguments, environ);
}

static void take(size_t step) {
    const char *name = steps[step];
    static int ends[2];
    struct sigaction action = {.sa_handler = SIG_DFL};
    pid_t pid;
    if (strcmp(name, "pipe") == 0)
        (void)!pipe(ends);
    else if (strcmp(name, "pipe2") == 0)
        (void)!pipe2(ends, O_NONBLOCK);
    else if (strcmp(name, "dup2") == 0)
        dup2(ends[0], ends[1]);
    else if (strcmp(name, "dup2 onto itself") == 0)
        dup2(ends[0], ends[0]);
    else if (strcmp(name, "sigaction") == 0)
        sigaction(SIGPIPE, &action, NULL);
    else if (strcmp(name, "signal") == 0)
        (void)signal(SIGPIPE, SIG_DFL);
    else if (strcmp(name, "sigset") == 0)
        (void)sigset(SIGPIPE, SIG_DFL);
    else if (strcmp(name, "posix_spawn") == 0)
        posix_spawn(&pid, none, NULL, NULL, arguments, environ);
    else if (strcmp(name, "syscall of pipe2") == 0)
        syscall(SYS_pipe2, ends, 0);
    else if (strcmp(name, "syscall of rt_sigaction") == 0)
        syscall(SYS_rt_sigaction, SIGPIPE, NULL, NULL, 8);
    else
        by_exec(step);
}

static void mark(size_t step) {
    syscall(SYS_getpriority, MARK, step);
}

/* In a forked child, which has changed its directory: there parent-dir would have work to do. */
static _Noreturn void traced(void) {
    int status;
    pid_t pid = fork(); // the first one makes the table
    if (pid == 0)
        _exit(0);
    if (waitpid(pid, &status, 0) != pid || chdir("/") != 0)
        abort();
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP);
    for (size_t step = 0; step < STEPS; step++) {
        mark(step);
        take(step);
    }
    mark(STEPS);
    _exit(0);
}

static bool to_next_entry(pid_t pid, struct stop *ret_stop) {
    int status;
    do {
        ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
        if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
            return false;
        if (ptrace(GET_STOP, pid, (void *)sizeof *ret_stop, ret_stop) < 0) // NOLINT
            abort();
    } while (ret_stop->kind != 1);
    return true;
}

int main(void) {
    pid_t pid = fork();
    if (pid == 0)
        traced();
    int status = UNTOUCHED;
    waitpid(pid, &status, 0);
    const long options = PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD;
    ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)options); // NOLINT(performance-no-int-to-ptr)
    struct stop stop = {0};
    const char *step = NULL;
    while (to_next_entry(pid, &stop)) {
        if (stop.number != SYS_getpriority || stop.arguments[0] != MARK) {
            if (step)
                say("%s: %d", step, (int)stop.number);
            continue;
        }
        step = stop.arguments[1] < STEPS ? steps[stop.arguments[1]] : NULL;
    }
    return 0;
}
