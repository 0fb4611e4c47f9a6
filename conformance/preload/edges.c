/*
 * Tested: a little of everything before the constructors, between them and main, from exit
 * handlers, destructors and threads that still run when the program exits, and in children that
 * were forked behind every library's back:
 *   edges life TARGET          before main and after it
 *   edges exit TARGET          while other threads fork, kill and wait
 *   edges bare TARGET          in children of system calls by hand
 *   edges environment TARGET   nothing, but who runs before main tells the environment it sees
 * TARGET is a static program that exits with its second argument.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "battery.h"

extern bool early_quiet; // of the library

static bool inside;

static bool has(char **envp, const char *variable) {
    for (; *envp; envp++)
        if (strcmp(*envp, variable) == 0)
            return true;
    return false;
}

static void before_all(int argc, char **argv, char **envp) {
    inside = has(envp, "INSIDE=1");
    if (argc == 3 && strcmp(argv[1], "environment") == 0)
        for (char **variable = envp; *variable; variable++)
            say("before the constructors: %s", *variable);
    if (!inside || argc != 3)
        return;
    battery_target = argv[2];
    say("before the constructors");
    battery();
}

typedef void hook(int, char **, char **);
__attribute__((section(".preinit_array"), used)) static hook *const preinit = before_all;

__attribute__((constructor)) static void own_first(void) {
    if (!inside)
        return;
    say("constructor of the program");
    battery();
}

__attribute__((destructor)) static void own_last(void) {
    if (!inside)
        return;
    say("destructor of the program");
    battery();
}

static void at_exit(void) {
    say("exit handler");
    battery_starters();
    battery_kill("kill", battery_by_kill);
}

/* --- exit while others run --- */

static atomic_int rounds;

static void *forks_and_waits(void *unused) {
    for (;;) {
        pid_t child = child_pausing();
        if (child > 0) {
            kill(child, SIGKILL);
            waitpid(child, NULL, 0);
        }
        atomic_fetch_add(&rounds, 1);
    }
    return unused;
}

static void exit_busy(void) {
    pthread_t threads[3];
    atexit(at_exit);
    for (size_t i = 0; i < COUNT(threads); i++)
        pthread_create(&threads[i], NULL, forks_and_waits, NULL);
    while (atomic_load(&rounds) < 100)
        sched_yield();
    inside = false; // destructors wait for any child, which may be another thread's
    early_quiet = true;
}

/* --- forked behind our back --- */

/* Signals the parent's children as bare would, and is no parent of theirs. */
static void in_bare_child(pid_t brother, pid_t former) {
    int status = UNTOUCHED;
    errno = 0;
    pid_t result = waitpid(brother, &status, WNOHANG);
    say_wait("wait for the brother", result, brother, status, errno);
    errno = 0;
    result = wait(&status);
    say_wait("wait for any", result, brother, status, errno);
    int sent = kill(brother, 0);
    say("kill of the brother: %d", sent);
    errno = 0;
    sent = kill(former, 0);
    say("kill of a former brother: %d, %s", sent, error_name(errno));
    battery();
}

static void bare_children(void) {
    pid_t former = child_exiting(0);
    waitpid(former, NULL, 0);
    pid_t brother = child_pausing();
    for (int depth = 0; depth < 2; depth++) {
        say("forked by hand");
        pid_t child = bare_fork();
        if (child == 0) {
            in_bare_child(brother, former);
            pid_t deeper = depth == 1 ? bare_fork() : -1;
            if (deeper == 0)
                in_bare_child(brother, former);
            else if (deeper > 0)
                battery_end("deeper", deeper);
            _exit(5);
        }
        battery_end("forked by hand", child);
        errno = 0;
        int sent = kill(child, 0);
        say("kill of it: %d, %s", sent, error_name(errno));
        child = bare_fork();
        if (child == 0)
            for (;;)
                pause();
        sent = kill(child, SIGTERM);
        say("kill: %d", sent);
        battery_end("killed", child);
    }
    kill(brother, SIGKILL);
    battery_end("brother", brother);
    battery();
}

static int enter(int argc, char **argv) {
    (void)argc;
    setenv("INSIDE", "1", 1);
    execv("/proc/self/exe", argv);
    return 1;
}

int main(int argc, char **argv) {
    if (argc != 3)
        return 2;
    if (strcmp(argv[1], "environment") == 0)
        return 0;
    if (!inside)
        return confined(enter, argc, argv);
    say("main");
    if (strcmp(argv[1], "life") == 0) {
        atexit(at_exit);
        battery();
    } else if (strcmp(argv[1], "exit") == 0) {
        exit_busy();
    } else if (strcmp(argv[1], "bare") == 0) {
        bare_children();
        inside = false;
        early_quiet = true;
    }
    return 3;
}
