/*
 * The kill that hits a stranger, made to happen every time. In a pid namespace of its own:
 *
 *   the program   starts a child, waits for it, and keeps its pid (a pidfile, a variable)
 *   the system    gives the number to a new process, which is nothing of the program's
 *   the program   sends SIGTERM to the number it kept
 *
 * Prints "stranger=killed" or "stranger=alive" and what kill() answered. Exit status 77 where the
 * kernel lets this user have no pid namespace or choose no pid.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOT_POSSIBLE = 77 };

static _Noreturn void fail(const char *what, int status) {
    fprintf(stderr, "stale-kill: %s: %s\n", what, strerror(errno));
    exit(status);
}

/* Reads exactly `size` bytes; anything else is the end of the scene. */
static void get(int fd, void *data, size_t size) {
    if (read(fd, data, size) != (ssize_t)size)
        fail("read", 1);
}

static void put(int fd, const void *data, size_t size) {
    if (write(fd, data, size) != (ssize_t)size)
        fail("write", 1);
}

/* The legacy program: remembers a child's pid longer than the child. */
static _Noreturn void program(int from_system, int to_system) {
    pid_t kept = fork();
    if (kept < 0)
        fail("fork", 1);
    if (kept == 0)
        _exit(0);
    if (waitpid(kept, NULL, 0) != kept)
        fail("waitpid", 1);
    put(to_system, &kept, sizeof(kept));
    char go;
    get(from_system, &go, 1);
    int answer = kill(kept, SIGTERM) == 0 ? 0 : errno;
    put(to_system, &answer, sizeof(answer));
    _exit(0);
}

/* Starts the stranger under exactly this pid: what a wrapped pid counter does some day. */
static pid_t start_stranger(pid_t pid) {
    struct clone_args args = {
        .exit_signal = SIGCHLD,
        .set_tid = (uint64_t)(uintptr_t)&pid,
        .set_tid_size = 1,
    };
    pid_t stranger = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
    if (stranger < 0)
        fail("clone3 with a chosen pid", NOT_POSSIBLE);
    if (stranger == 0)
        for (;;)
            pause();
    return stranger;
}

/* The namespace's init: everything here dies with it. */
static int scene(void) {
    int to_program[2], to_system[2];
    if (pipe(to_program) != 0 || pipe(to_system) != 0)
        fail("pipe", 1);
    pid_t child = fork();
    if (child < 0)
        fail("fork", 1);
    if (child == 0)
        program(to_program[0], to_system[1]);
    close(to_system[1]);

    pid_t kept;
    get(to_system[0], &kept, sizeof(kept));
    pid_t stranger = start_stranger(kept);
    put(to_program[1], "g", 1);
    int answer;
    get(to_system[0], &answer, sizeof(answer));
    if (waitpid(child, NULL, 0) != child)
        fail("waitpid", 1);

    /* A fatal signal that was sent before is acted on before this SIGKILL: the status tells. */
    kill(stranger, SIGKILL);
    int status;
    if (waitpid(stranger, &status, 0) != stranger)
        fail("waitpid", 1);
    printf("stranger=%s kill=%s\n", WTERMSIG(status) == SIGTERM ? "killed" : "alive",
           answer == 0       ? "0"
           : answer == ESRCH ? "ESRCH"
                             : strerror(answer));
    return fflush(stdout) == 0 ? 0 : 1;
}

int main(void) {
    int flags = CLONE_NEWPID | (geteuid() == 0 ? 0 : CLONE_NEWUSER);
    if (unshare(flags) != 0)
        fail("a pid namespace", NOT_POSSIBLE);
    pid_t init = fork();
    if (init < 0)
        fail("fork", 1);
    if (init == 0)
        exit(scene());
    int status;
    if (waitpid(init, &status, 0) != init)
        fail("waitpid", 1);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
