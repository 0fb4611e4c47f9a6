/*
 * Starts processes in every way there is: starter WAY... Each WAY leaves one behind that waits, and
 * "ready" is printed when all are in place. With a last argument "fork:N:HOW" it makes N children
 * that stay, by fork, vfork, clone, spawn, raw (syscall) or popen, and prints "made M ERRNO" for
 * the first M and what stopped it; "bomb:MS[:setsid]" forks for so long as fast as it can, all its
 * children, too; "gone:N" makes and loses N that the kernel reaps, and then prints as fork.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../../shim/record/clone.h"

extern char **environ;

static int in_place[2];

static _Noreturn void stay(void) {
    (void)!write(in_place[1], "x", 1);
    close(in_place[0]);
    close(in_place[1]);
    for (;;)
        pause();
}

static void *fork_in_thread(void *unused) {
    (void)unused;
    if (fork() == 0)
        stay();
    return NULL;
}

static void leave_by(const char *way) {
    if (strcmp(way, "fork") == 0) {
        if (fork() == 0)
            stay();
    } else if (strcmp(way, "setsid") == 0) {
        if (fork() == 0) {
            setsid();
            stay();
        }
    } else if (strcmp(way, "double") == 0 || strcmp(way, "double-setsid") == 0) {
        pid_t pid = fork();
        if (pid == 0) {
            if (strcmp(way, "double-setsid") == 0)
                setsid();
            if (fork() == 0)
                stay();
            _exit(0);
        }
        waitpid(pid, NULL, 0);
    } else if (strcmp(way, "daemon") == 0) {
        pid_t pid = fork();
        if (pid == 0) {
            if (daemon(0, 1) < 0)
                _exit(1);
            stay();
        }
        waitpid(pid, NULL, 0);
    } else if (strcmp(way, "thread") == 0) {
        pthread_t thread;
        pthread_create(&thread, NULL, fork_in_thread, NULL);
        pthread_join(thread, NULL);
    } else if (strcmp(way, "session") == 0) { // a child of a session's leader that stays
        if (fork() == 0) {
            setsid();
            if (fork() == 0)
                stay();
            stay();
        }
    }
}

/* --- under a limit --- */

static _Noreturn void wait_for_end(void) {
    for (;;)
        pause();
}

static int stays(void *unused) {
    (void)unused;
    wait_for_end();
}

static int make_one(const char *how) {
    static char name[] = "sleep", time[] = "1000";
    char *const sleeper[] = {name, time, NULL};
    pid_t pid = -1;
    if (strcmp(how, "fork") == 0) {
        pid = fork();
        if (pid == 0)
            wait_for_end();
    } else if (strcmp(how, "vfork") == 0) {
        pid = vfork();
        if (pid == 0) {
            execvp("sleep", sleeper);
            _exit(127);
        }
    } else if (strcmp(how, "clone") == 0) {
        char *stack = malloc(65536);
        pid = clone(stays, stack + 65536, SIGCHLD, NULL);
    } else if (strcmp(how, "raw") == 0) {
        pid = (pid_t)fp_clone_by(SIGCHLD, NULL, NULL);
        if (pid == 0)
            wait_for_end();
    } else if (strcmp(how, "spawn") == 0) {
        errno = posix_spawnp(&pid, "sleep", NULL, NULL, sleeper, environ);
        return errno ? -1 : 0;
    } else if (strcmp(how, "popen") == 0) {
        return popen("exec sleep 1000", "r") ? 0 : -1;
    }
    return pid < 0 ? -1 : 0;
}

static void make(int count, const char *how) {
    int made = 0;
    errno = 0;
    while (made < count && make_one(how) == 0)
        made++;
    printf("made %d %d\n", made, made < count ? errno : 0);
}

static void lose(int count) {
    signal(SIGCHLD, SIG_IGN);
    for (int i = 0; i < count; i++) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(0);
        if (pid < 0) {
            printf("made %d %d\n", i, errno);
            return;
        }
        while (kill(pid, 0) == 0)
            sched_yield();
    }
    printf("made %d 0\n", count);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void bomb(double milliseconds, int with_setsid) {
    double end = now() + milliseconds;
    while (now() < end)
        if (fork() == 0 && with_setsid)
            setsid();
}

int main(int argc, char **argv) {
    char seen;
    int left = 0;
    if (argc < 2 || pipe(in_place) < 0)
        return 2;
    for (int i = 1; i < argc; i++) {
        int count = 0, at = 0;
        if (sscanf(argv[i], "fork:%d:%n", &count, &at) == 1 && at)
            make(count, argv[i] + at);
        else if (sscanf(argv[i], "gone:%d", &count) == 1)
            lose(count);
        else if (sscanf(argv[i], "bomb:%d", &count) == 1)
            bomb(count, strstr(argv[i], "setsid") != NULL);
        else {
            leave_by(argv[i]);
            left += 1 + (strcmp(argv[i], "session") == 0);
        }
    }
    for (; left > 0; left--)
        if (read(in_place[0], &seen, 1) != 1)
            return 3;
    return 0;
}
