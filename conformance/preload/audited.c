/*
 * Tested: what an audit records of each call. Makes the call that it is told to make:
 *   audited CALL TARGET
 * TARGET: a program that ends at once with 0. The end is by return from main with 0, if the call is
 * none.
 */
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wordexp.h>

#include "canon.h"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#pragma GCC diagnostic ignored "-Wunused-result"

extern char **environ;

static char *target;
static char name[] = "show", to_exit[] = "exit", zero[] = "0";
static char *args[] = {name, to_exit, zero, NULL};
static char *none[] = {NULL};

/* --- children --- */

static void end_child(pid_t pid) {
    if (pid == 0)
        _exit(3);
    waitpid(pid, NULL, 0);
}

static void by_fork(void) {
    end_child(fork());
}

static void by_vfork(void) {
    pid_t pid = vfork();
    if (pid == 0)
        _exit(3);
    waitpid(pid, NULL, 0);
}

static int in_clone(void *unused) {
    (void)unused;
    _exit(3);
}

static void by_clone(void) {
    static char stack[65536] __attribute__((aligned(16)));
    end_child(clone(in_clone, stack + sizeof stack, SIGCHLD, NULL));
}

static void by_number(void) {
    end_child((pid_t)fp_clone_by(SIGCHLD, NULL, NULL));
}

static void by_spawn(void) {
    pid_t pid = -1;
    posix_spawn(&pid, target, NULL, NULL, args, environ);
    waitpid(pid, NULL, 0);
}

static void by_spawnp(void) {
    pid_t pid = -1;
    posix_spawnp(&pid, name, NULL, NULL, args, environ);
    waitpid(pid, NULL, 0);
}

static void by_failing_spawn(void) {
    pid_t pid;
    posix_spawn(&pid, "/nowhere", NULL, NULL, args, environ);
}

static void by_system(void) {
    system("exit 5");
}

static void by_popen(void) {
    FILE *stream = popen("exit 5", "r");
    pclose(stream);
}

static void by_daemon(void) {
    daemon(1, 1);
}

static void by_forkpty(void) {
    int terminal;
    end_child(forkpty(&terminal, NULL, NULL, NULL));
}

static void by_wordexp(void) {
    wordexp_t words;
    if (wordexp("$(echo a)", &words, 0) == 0)
        wordfree(&words);
}

static void by_plain_wordexp(void) {
    wordexp_t words;
    if (wordexp("a b", &words, 0) == 0)
        wordfree(&words);
}

/* --- images --- */

static void by_execve(void) {
    execve(target, args, none);
}

static void by_execv(void) {
    execv(target, args);
}

static void by_execvp(void) {
    execvp(name, args);
}

static void by_execl(void) {
    execl(target, name, to_exit, zero, (char *)NULL);
}

static void by_execlp(void) {
    execlp(name, name, to_exit, zero, (char *)NULL);
}

static void by_execle(void) {
    execle(target, name, to_exit, zero, (char *)NULL, none);
}

static void by_fexecve(void) {
    fexecve(open(target, O_RDONLY | O_CLOEXEC), args, environ);
}

static void by_failing_execve(void) {
    execve("/nowhere", args, none);
}

static void by_bad_execve(void) {
    const char *volatile nothing = BAD_POINTER;
    execve(nothing, args, none);
}

static void by_execve_number(void) {
    syscall(SYS_execve, target, args, none);
}

/* --- waits --- */

static pid_t ended(void) {
    siginfo_t info;
    pid_t pid = fork();
    if (pid == 0)
        _exit(3);
    waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
    return pid;
}

static int status;

static void by_wait(void) {
    ended();
    wait(&status);
}

static void by_wait_without(void) {
    ended();
    wait(NULL);
}

static void by_waitpid(void) {
    waitpid(ended(), &status, 0);
}

static void by_wait3(void) {
    ended();
    wait3(&status, 0, NULL);
}

static void by_wait4(void) {
    wait4(ended(), &status, WNOHANG, NULL);
}

static void by_waitid(void) {
    siginfo_t info;
    waitid(P_PID, (id_t)ended(), &info, WEXITED);
}

static void by_waitid_without(void) {
    ended();
    waitid(P_ALL, 0, NULL, WEXITED);
}

static void by_wait4_number(void) {
    syscall(SYS_wait4, ended(), &status, 0, NULL);
}

static void by_wait_for_nobody(void) {
    wait(&status);
}

static void by_wait_too_early(void) {
    pid_t pid = fork();
    if (pid == 0)
        for (;;)
            pause();
    waitpid(pid, &status, WNOHANG);
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
}

/* --- signals --- */

static void on_signal(int number) {
    (void)number;
}

static void by_kill(void) {
    pid_t pid = ended();
    kill(pid, SIGTERM);
    waitpid(pid, &status, 0);
}

static void by_kill_self(void) {
    kill(getpid(), SIGKILL);
}

static void by_failing_kill(void) {
    kill(0x3fffffff, SIGTERM);
}

static void by_killpg(void) {
    pid_t pid = ended();
    killpg(pid, SIGTERM); // not a group: ESRCH
    waitpid(pid, &status, 0);
}

static void by_raise(void) {
    raise(SIGKILL);
}

static void by_sigqueue(void) {
    pid_t pid = ended();
    sigqueue(pid, SIGTERM, (union sigval){.sival_int = 1});
    waitpid(pid, &status, 0);
}

static void by_tgkill_number(void) {
    pid_t pid = ended();
    syscall(SYS_tgkill, pid, pid, SIGTERM);
    waitpid(pid, &status, 0);
}

static void by_pidfd(void) {
    pid_t pid = ended();
    syscall(SYS_pidfd_send_signal, (int)syscall(SYS_pidfd_open, pid, 0), SIGTERM, NULL, 0);
    waitpid(pid, &status, 0);
}

static void by_prctl(void) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
}

static void by_signal(void) {
    signal(SIGUSR1, on_signal);
}

static void by_signal_default(void) {
    signal(SIGUSR1, SIG_DFL);
    signal(SIGUSR1, SIG_IGN);
}

static void by_signal_ignored(void) {
    signal(SIGPIPE, SIG_IGN);
}

static void by_sigaction(void) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    struct sigaction *volatile same = &action;
    sigaction(SIGUSR1, &action, same);
}

static void by_failing_sigaction(void) {
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGKILL, &action, NULL);
}

static void by_bad_sigaction(void) {
    syscall(SYS_rt_sigaction, SIGUSR1, (void *)16, NULL, (size_t)8);
}

/* --- descriptors --- */

static void by_pipe(void) {
    int ends[2];
    pipe(ends);
}

static void by_pipe2(void) {
    int ends[2];
    pipe2(ends, O_CLOEXEC);
}

static void by_dup2(void) {
    dup2(0, 9);
}

static void by_failing_dup2(void) {
    dup2(-1, 9);
}

/* --- ends --- */

static void by_exit(void) {
    exit(7);
}

static void by__exit(void) {
    _exit(7);
}

static void by__Exit(void) {
    _Exit(7);
}

static void by_quick_exit(void) {
    quick_exit(7);
}

static void by_abort(void) {
    abort();
}

static void by_exit_number(void) {
    syscall(SYS_exit_group, 7);
}

static void by_return(void) {}

/* Whether there is a record in the memory of this process. */
static void by_looking(void) {
    char line[1024];
    bool is_there = false;
    FILE *file = fopen("/proc/self/maps", "re");
    while (file && fgets(line, sizeof line, file))
        is_there |= strstr(line, "memfd:record") != NULL;
    say("record: %s", is_there ? "mapped" : "none");
    say("variable: %s", getenv("FORKPROOF_RECORD") ? "there" : "none");
}

static void by_looking_later(void) {
    static char self[] = "audited", look[] = "look";
    char *const again[] = {self, look, target, NULL};
    execve("/proc/self/exe", again, none);
}

static const struct {
    const char *name;
    void (*call)(void);
} calls[] = {
    {"fork", by_fork},
    {"vfork", by_vfork},
    {"clone", by_clone},
    {"SYS_clone", by_number},
    {"posix_spawn", by_spawn},
    {"posix_spawnp", by_spawnp},
    {"posix_spawn, failing", by_failing_spawn},
    {"system", by_system},
    {"popen", by_popen},
    {"daemon", by_daemon},
    {"forkpty", by_forkpty},
    {"wordexp", by_wordexp},
    {"wordexp, plain", by_plain_wordexp},
    {"execve", by_execve},
    {"execv", by_execv},
    {"execvp", by_execvp},
    {"execl", by_execl},
    {"execlp", by_execlp},
    {"execle", by_execle},
    {"fexecve", by_fexecve},
    {"execve, failing", by_failing_execve},
    {"execve, bad", by_bad_execve},
    {"SYS_execve", by_execve_number},
    {"wait", by_wait},
    {"wait, without", by_wait_without},
    {"waitpid", by_waitpid},
    {"wait3", by_wait3},
    {"wait4", by_wait4},
    {"waitid", by_waitid},
    {"waitid, without", by_waitid_without},
    {"SYS_wait4", by_wait4_number},
    {"wait, nobody", by_wait_for_nobody},
    {"waitpid, too early", by_wait_too_early},
    {"kill", by_kill},
    {"kill, self", by_kill_self},
    {"kill, failing", by_failing_kill},
    {"killpg", by_killpg},
    {"raise", by_raise},
    {"sigqueue", by_sigqueue},
    {"SYS_tgkill", by_tgkill_number},
    {"SYS_pidfd_send_signal", by_pidfd},
    {"prctl", by_prctl},
    {"signal", by_signal},
    {"signal, default", by_signal_default},
    {"signal, ignored", by_signal_ignored},
    {"sigaction", by_sigaction},
    {"sigaction, failing", by_failing_sigaction},
    {"SYS_rt_sigaction, bad", by_bad_sigaction},
    {"pipe", by_pipe},
    {"pipe2", by_pipe2},
    {"dup2", by_dup2},
    {"dup2, failing", by_failing_dup2},
    {"exit", by_exit},
    {"_exit", by__exit},
    {"_Exit", by__Exit},
    {"quick_exit", by_quick_exit},
    {"abort", by_abort},
    {"SYS_exit_group", by_exit_number},
    {"return", by_return},
    {"look", by_looking},
    {"look later", by_looking_later},
};

int main(int argc, char **argv) {
    if (argc != 3)
        return 2;
    target = argv[2];
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (strcmp(calls[i].name, argv[1]) == 0) {
            calls[i].call();
            return 0;
        }
    return 2;
}
