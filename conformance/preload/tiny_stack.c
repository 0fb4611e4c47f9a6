/*
 * Tested: every wrapper in a handler that runs on a stack of its own, with nothing below it:
 *   tiny_stack BYTES TARGET   so many beyond what the kernel needs for the signal itself
 *   tiny_stack least TARGET   prints for each call how few bytes it takes, for the curious
 * TARGET is a static program that exits with its second argument.
 */
#include <spawn.h>
#include <stdatomic.h>

#include "bad.h"

static char name[] = "show", to_exit[] = "exit", four[] = "4", variable[] = "A=b";
static char *args[] = {name, to_exit, four, NULL};
static char *few[] = {NULL}, *some[400];
static char *target;

static pid_t child;
static long result;
static int status;
static siginfo_t info;
static struct rusage usage;

static void by_fork(void) {
    child = fork();
    if (child == 0)
        _exit(3);
    result = waitpid(child, &status, 0);
}
static void by_vfork(void) {
    child = vfork();
    if (child == 0)
        _exit(3);
    result = waitpid(child, &status, 0);
}
static void by_kill(void) {
    result = kill(child, SIGKILL) + waitpid(child, &status, 0);
}
static void by_queue(void) {
    result = sigqueue(child, SIGKILL, (union sigval){.sival_int = 1}) + waitpid(child, NULL, 0);
}
static void by_wait(void) {
    result = wait(&status);
}
static void by_wait4(void) {
    result = wait4(child, &status, 0, &usage);
}
static void by_waitid(void) {
    result = waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT);
}
static void by_waitid_any(void) {
    result = waitid(P_ALL, 0, &info, WEXITED);
}
static void by_sigaction(void) {
    struct sigaction old;
    result = sigaction(SIGCHLD, NULL, &old);
}
static void by_execve(void) {
    result = execve(target, args, few);
}
static void by_execve_some(void) {
    result = execve(target, args, some);
}
static void by_execv(void) {
    result = execv(target, args);
}
static void by_execl(void) {
    result = execl(target, name, to_exit, four, (char *)NULL);
}
static void by_execvp(void) {
    result = execvp(target, args);
}
static void by_fexecve(void) {
    result = fexecve(open(target, O_RDONLY | O_CLOEXEC), args, few);
}
static void by_spawn(void) {
    result = posix_spawn(&child, target, NULL, NULL, args, some) + waitpid(child, &status, 0);
}
static void by_number(void) {
    result = syscall(SYS_wait4, child, &status, 0, &usage);
}

static const struct {
    const char *name;
    void (*call)(void);
    char kind; /* of child that is there: zombie, running, none */
} calls[] = {
    {"fork", by_fork, 0},          {"vfork", by_vfork, 0},
    {"kill", by_kill, 'r'},        {"sigqueue", by_queue, 'r'},
    {"wait", by_wait, 'z'},        {"wait4", by_wait4, 'z'},
    {"waitid", by_waitid, 'z'},    {"waitid any", by_waitid_any, 'z'},
    {"SYS_wait4", by_number, 'z'}, {"sigaction", by_sigaction, 0},
    {"execve", by_execve, 0},      {"execve, 400", by_execve_some, 0},
    {"execv", by_execv, 0},        {"execl", by_execl, 0},
    {"execvp", by_execvp, 0},      {"fexecve", by_fexecve, 0},
    {"posix_spawn", by_spawn, 0},
};

static size_t now;

/* What the kernel puts there for the signal; it differs by processor. */
static char *top;
static size_t frame;

static void measure(int signal) {
    (void)signal;
    frame = (size_t)(top - (char *)__builtin_frame_address(0));
}

static void on_signal(int signal) {
    (void)signal;
    calls[now].call();
}

/* Below it nothing is mapped. */
static void enter_stack(size_t size, void (*handler)(int)) {
    size_t room = (size + BAD_PAGE - 1) / BAD_PAGE * BAD_PAGE;
    char *at = mmap(NULL, room + 4 * BAD_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED || mprotect(at + 4 * BAD_PAGE, room, PROT_READ | PROT_WRITE) != 0)
        abort();
    const stack_t other = {.ss_sp = at + 4 * BAD_PAGE, .ss_size = size};
    top = at + 4 * BAD_PAGE + size;
    if (sigaltstack(&other, NULL) != 0)
        abort();
    handle(SIGUSR1, handler, SA_ONSTACK);
}

struct plan {
    size_t call;
    size_t bytes;
};

static void one(const void *argument) {
    const struct plan *plan = argument;
    enter_stack(frame + plan->bytes, on_signal);
    child = calls[plan->call].kind == 'z'   ? child_zombie(3)
            : calls[plan->call].kind == 'r' ? child_pausing()
                                            : 0;
    now = plan->call;
    raise(SIGUSR1);
    if (result < 0)
        _exit(1);
}

static int ends_with(const struct plan *plan) {
    int end = UNTOUCHED;
    pid_t pid = fork();
    if (pid == 0) {
        one(plan);
        _exit(0);
    }
    waitpid(pid, &end, 0);
    return end;
}

static size_t least(size_t call) {
    size_t good = 65536;
    size_t bad = 0;
    while (good - bad > 16) {
        size_t middle = (good + bad) / 2;
        if (WIFSIGNALED(ends_with(&(struct plan){call, middle})))
            bad = middle;
        else
            good = middle;
    }
    return good;
}

static int run(int argc, char **argv) {
    if (argc != 3)
        return 2;
    target = argv[2];
    for (size_t i = 0; i + 1 < COUNT(some); i++)
        some[i] = variable;
    environ = few;
    enter_stack(65536, measure);
    raise(SIGUSR1);
    for (size_t call = 0; call < COUNT(calls); call++)
        if (strcmp(argv[1], "least") == 0)
            say("%s: %zu", calls[call].name, least(call));
        else
            say("%s: %s", calls[call].name,
                status_name(ends_with(&(struct plan){call, strtoul(argv[1], NULL, 10)})));
    return 0;
}

int main(int argc, char **argv) {
    return confined(run, argc, argv);
}
