/*
 * Tested: an environment too large for the stack is mapped, and the mapping does not stay behind:
 * after fork, vfork, clone with shared memory, posix_spawn and execs that fail. mappings TARGET
 */
#include <spawn.h>
#include <sys/syscall.h>

#include "bad.h"

#define VARIABLES 3000
#define ROUNDS 20

static char variable[] = "A=b", name[] = "show", to_exit[] = "exit", four[] = "4";
static char *argv_[] = {name, to_exit, four, NULL};
static char *envp[VARIABLES + 1];
static char *target;

static long size(void) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file || fscanf(file, "%ld", &pages) != 1)
        abort();
    fclose(file);
    return pages;
}

static int run(void *path) {
    execve(path, argv_, envp);
    _exit(127);
}

static pid_t by_fork(char *path) {
    pid_t pid = fork();
    if (pid == 0)
        run(path);
    return pid;
}

static pid_t by_vfork(char *path) {
    pid_t pid = vfork();
    if (pid == 0)
        run(path);
    return pid;
}

static pid_t by_clone(char *path) {
    static char stack[65536] __attribute__((aligned(16)));
    return clone(run, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, path);
}

static pid_t by_spawn(char *path) {
    pid_t pid = -1;
    return posix_spawn(&pid, path, NULL, NULL, argv_, envp) == 0 ? pid : -1;
}

static void rounds(const char *what, pid_t (*start)(char *), char *path) {
    int right = 0;
    long before = 0;
    for (int i = 0; i <= ROUNDS; i++) {
        int status = UNTOUCHED;
        pid_t pid = start(path);
        right += pid > 0 && waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 4;
        before = i == 0 ? size() : before; // what is made once is made
    }
    long more = size() - before;
    // A page or so each time would be one of them; the child table grows by few, and seldom.
    say("%s: %d right, %s left behind", what, right, more < ROUNDS ? "nothing" : "something");
}

static int run_all(int argc, char **argv) {
    static char none[] = "/nonexistent/program";
    if (argc != 2)
        return 2;
    target = argv[1];
    for (int i = 0; i < VARIABLES; i++)
        envp[i] = variable;
    rounds("fork", by_fork, target);
    rounds("vfork", by_vfork, target);
    rounds("clone", by_clone, target);
    rounds("posix_spawn", by_spawn, target);
    rounds("vfork of nothing", by_vfork, none);
    rounds("clone of nothing", by_clone, none);
    rounds("posix_spawn of nothing", by_spawn, none);
    return 0;
}

int main(int argc, char **argv) {
    return confined(run_all, argc, argv);
}
