/*
 * Tested: what a preloaded program leaves behind ends with it (contain=group, contain=guard).
 *
 *   contain END FD KIND...   starts a member of each KIND, waits until each is there, and ends
 *   contain hold FD          a member: writes its pid to FD and stays
 *   contain orphan FD        the same by a child, whose parent ends at once
 *
 * Each member holds FD open, so that its reader sees when the last has gone. The static build of
 * this program is an image without hooks.
 */
#include <pthread.h>
#include <pty.h>
#include <setjmp.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <wordexp.h>

#include "canon.h"

#ifndef HOOKED_PROGRAM
#define HOOKED_PROGRAM "contain"
#endif

static int announce_fd;
static int settled[2]; /* a byte a member */
static char fd_number[12];
static char *self_name;

static void announce(void) {
    char line[16];
    int length = snprintf(line, sizeof line, "%d\n", (int)getpid());
    if (write(announce_fd, line, (size_t)length) != length || write(settled[1], "s", 1) != 1)
        _exit(1);
}

static _Noreturn void hold(void) {
    announce();
    for (;;)
        pause();
}

static void arguments(char **argv, const char *program, const char *what) {
    static char fd[12];
    static char ready[12];
    snprintf(fd, sizeof fd, "%d", announce_fd);
    snprintf(ready, sizeof ready, "%d", settled[1]);
    argv[0] = (char *)(uintptr_t)program;
    argv[1] = (char *)(uintptr_t)what;
    argv[2] = fd;
    argv[3] = ready;
    argv[4] = NULL;
}

static void exec_self(const char *program, const char *what) {
    char *argv[5];
    arguments(argv, program, what);
    execvp(program, argv);
    _exit(127);
}

/* --- kinds of members --- */

static void orphan(void (*before)(void)) {
    if (fork() == 0) {
        if (before)
            before();
        hold();
    }
}

static void lead_session(void) {
    setsid();
}

/* It ends once it is nobody's but the first process's. */
static void passing(bool leads) {
    pid_t parent = getpid();
    if (fork() != 0)
        return;
    while (getppid() == parent)
        sched_yield();
    if (leads)
        setsid();
    announce();
    _exit(0);
}

/* In a child: what is left is a grandchild. */
static _Noreturn void in_between(const char *kind) {
    if (strcmp(kind, "orphan") == 0)
        orphan(NULL);
    else if (strcmp(kind, "session-orphan") == 0)
        orphan(lead_session);
    else if (strncmp(kind, "gone", 4) == 0)
        passing(strcmp(kind, "gone-session") == 0);
    else if (strcmp(kind, "daemon") == 0 && daemon(1, 1) == 0)
        hold();
    _exit(0);
}

static _Noreturn void become(const char *kind) {
    if (strcmp(kind, "child") == 0)
        hold();
    if (strcmp(kind, "session") == 0)
        setsid();
    else if (strcmp(kind, "group") == 0)
        setpgid(0, 0);
    else if (strcmp(kind, "stubborn") == 0)
        signal(SIGTERM, SIG_IGN);
    else if (strcmp(kind, "exec") == 0)
        exec_self(self_name, "hold");
    else if (strcmp(kind, "bare-exec") == 0)
        clearenv();
    else if (strcmp(kind, "unhooked") == 0)
        exec_self("contain_static", "orphan-session");
    else if (strcmp(kind, "between") == 0)
        exec_self("contain_static", "start-hooked");
    else
        in_between(kind);
    if (strcmp(kind, "bare-exec") == 0)
        exec_self(self_name, "hold");
    hold();
}

static void by_spawn(void) {
    char *argv[5];
    pid_t pid;
    arguments(argv, self_name, "hold");
    if (posix_spawn(&pid, self_name, NULL, NULL, argv, environ) != 0)
        abort();
}

static void by_vfork(void) {
    if (vfork() == 0)
        exec_self(self_name, "hold");
}

/* BEFORE contain WHAT FD FD AFTER, as a shell's command. */
static void by_shell(const char *before, const char *what, const char *after,
                     void (*run)(const char *)) {
    char command[512];
    snprintf(command, sizeof command, "%s contain %s %d %d %s", before, what, announce_fd,
             settled[1], after);
    run(command);
}

static void run_system(const char *command) {
    if (system(command) != 0)
        abort();
}

static void run_popen(const char *command) {
    if (!popen(command, "w"))
        abort();
}

static void run_wordexp(const char *command) {
    wordexp_t words;
    if (wordexp(command, &words, 0) != 0)
        abort();
}

static void by_terminal(void) {
    int master;
    if (forkpty(&master, NULL, NULL, NULL) == 0)
        hold();
}

static void *by_thread(void *unused) {
    if (fork() == 0)
        hold();
    return unused;
}

static void by_number(void) {
    if (fp_clone_by(SIGCHLD, NULL, NULL) == 0)
        hold();
}

static void by_many(void) {
    for (int i = 0; i < 200; i++)
        if (fork() == 0)
            hold();
}

/* A member of a member: it pops a child open and ends without waiting for it. */
static void by_member(void) {
    if (fork() == 0) {
        by_shell("exec", "hold", "", run_popen);
        exit(0);
    }
}

static void start(const char *kind) {
    pthread_t thread;
    if (strcmp(kind, "spawn") == 0)
        by_spawn();
    else if (strcmp(kind, "vfork") == 0)
        by_vfork();
    else if (strcmp(kind, "popen") == 0)
        by_shell("exec", "hold", "", run_popen);
    else if (strcmp(kind, "system") == 0)
        by_shell("", "hold", ">/dev/null &", run_system);
    else if (strcmp(kind, "wordexp") == 0)
        by_shell("$(", "orphan", ">/dev/null )", run_wordexp);
    else if (strcmp(kind, "terminal") == 0)
        by_terminal();
    else if (strcmp(kind, "number") == 0)
        by_number();
    else if (strcmp(kind, "many") == 0)
        by_many();
    else if (strcmp(kind, "member") == 0)
        by_member();
    else if (strcmp(kind, "thread") == 0) {
        pthread_create(&thread, NULL, by_thread, NULL);
        pthread_join(thread, NULL);
    } else if (fork() == 0)
        become(kind);
}

static void await(int members) {
    char byte;
    while (members-- > 0)
        if (read(settled[0], &byte, 1) != 1)
            _exit(3);
}

/* --- ends --- */

static void *exit_in_thread(void *unused) {
    (void)unused;
    exit(0);
}

static void *return_later(void *unused) {
    return unused;
}

static void on_abort(int number) {
    (void)number;
}

static void on_term(int number) {
    exit(number);
}

static sigjmp_buf before_end;

static void come_back(int number) {
    siglongjmp(before_end, number);
}

static void handled(int number, void (*handler)(int)) {
    struct sigaction action = {.sa_handler = handler};
    sigaction(number, &action, NULL);
}

static int end(const char *how) {
    pthread_t thread;
    char byte;
    if (strcmp(how, "exit") == 0)
        exit(0);
    if (strcmp(how, "_exit") == 0)
        _exit(0);
    if (strcmp(how, "_Exit") == 0)
        _Exit(0);
    if (strcmp(how, "quick_exit") == 0)
        quick_exit(0);
    if (strcmp(how, "exit_group") == 0)
        syscall(SYS_exit_group, 0);
    if (strcmp(how, "jump") == 0) {
        handled(SIGCHLD, come_back);
        if (sigsetjmp(before_end, 1) == 0)
            _exit(0);
        _exit(4);
    }
    if (strcmp(how, "subreaper") == 0) // and has no child but its own
        say("left: %d", waitpid(-1, NULL, WNOHANG));
    if (strcmp(how, "abort-handled") == 0)
        handled(SIGABRT, on_abort);
    if (strncmp(how, "abort", 5) == 0)
        abort();
    if (strcmp(how, "raise") == 0)
        raise(SIGTERM);
    if (strcmp(how, "kill") == 0)
        kill(getpid(), SIGTERM);
    if (strcmp(how, "tgkill") == 0)
        tgkill(getpid(), gettid(), SIGKILL);
    if (strcmp(how, "daemon") == 0)
        return daemon(1, 1);
    if (strcmp(how, "exec") == 0)
        execlp(self_name, self_name, "return", fd_number, (char *)NULL);
    if (strcmp(how, "exec-off") == 0) { // what the image before has begun is ended all the same
        setenv("FORKPROOF_OPTIONS", "contain=off", 1);
        execlp(self_name, self_name, "return", fd_number, (char *)NULL);
    }
    if (strcmp(how, "thread") == 0) {
        pthread_create(&thread, NULL, exit_in_thread, NULL);
        pause();
    }
    if (strcmp(how, "last-thread") == 0) {
        pthread_create(&thread, NULL, return_later, NULL);
        pthread_exit(NULL);
    }
    if (strcmp(how, "return") != 0)
        while (read(0, &byte, 1) != 0) // until the reader of our members says so, or ends us
            ;
    return 0;
}

/* In an image without hooks. */
static int as_member(const char *what) {
    if (strcmp(what, "hold") == 0)
        hold();
    if (strcmp(what, "orphan") == 0)
        orphan(NULL);
    else if (strcmp(what, "orphan-session") == 0)
        orphan(lead_session);
    else if (strcmp(what, "start-hooked") == 0 && fork() == 0)
        exec_self(HOOKED_PROGRAM, "orphan");
    else if (strcmp(what, "start-hooked") != 0)
        return 2;
    return 0;
}

int main(int argc, char **argv) {
    static const char *const members[] = {"hold", "orphan", "orphan-session", "start-hooked"};
    if (argc < 3)
        return 2;
    self_name = argv[0];
    announce_fd = atoi(argv[2]);
    snprintf(fd_number, sizeof fd_number, "%d", announce_fd);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (strcmp(argv[1], members[i]) == 0 && argc == 4) {
            settled[1] = atoi(argv[3]);
            return as_member(argv[1]);
        }
    if (pipe(settled) != 0)
        return 1;
    if (strcmp(argv[1], "subreaper") == 0) {
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
        waitpid(child_exiting(0), NULL, 0);
    }
    if (strcmp(argv[1], "handler") == 0)
        handled(SIGTERM, on_term);
    int count = 0;
    for (int i = 3; i < argc; i++) {
        start(argv[i]);
        count += strcmp(argv[i], "many") == 0 ? 200 : 1;
    }
    await(count);
    if (argc > 3)
        say("group: %s, session: %s", getpgrp() == getpid() ? "own" : "the caller's",
            getsid(0) == getpid() ? "own" : "the caller's");
    return end(argv[1]);
}
