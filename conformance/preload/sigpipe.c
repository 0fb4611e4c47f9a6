/*
 * Tested: what a write to a pipe without readers does, what the program sees of SIGPIPE, and what
 * its children find: sigpipe WHAT
 *   main, thread, forked, vforked   writes there
 *   default BY, handler BY, ignored BY   the same after it has set that by sigaction, signal,
 * syscall failed CALL                     the same after an exec that fails blocked the same with
 * SIGPIPE blocked; takes what is pending seen                            sets and asks in every way
 * there is, and tells the answers exec CALL TARGET                execs TARGET vfork-exec
 * DISPOSITION TARGET   sets it in a vfork child that execs TARGET, then writes
 */
#include <pthread.h>
#include <spawn.h>
#include <sys/syscall.h>

#include "canon.h"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

typedef void handler(int);

/* The kernel's own structure. */
struct action {
    handler *handler;
    unsigned long flags;
#ifndef __riscv
    void *restorer;
#endif
    uint64_t mask __attribute__((packed, aligned(__alignof__(long))));
};

static char show[] = "show", asked[] = "sigpipe";
static char *const arguments[] = {show, asked, NULL};

static void write_to_nobody(const char *where) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        abort();
    close(ends[0]);
    errno = 0;
    ssize_t result = write(ends[1], "x", 1);
    say("%s: write: %zd, %s", where, result, error_name(errno));
    close(ends[1]);
}

static void *in_thread(void *unused) {
    write_to_nobody("thread");
    return unused;
}

static void tell(const char *what, pid_t pid) {
    int status = UNTOUCHED;
    SAY_WAIT(what, waitpid(pid, &status, 0), pid, status);
}

static void noted(int number) {
    (void)number;
    if (write(STDOUT_FILENO, "handled\n", 8) != 8)
        abort();
}

static const char *name_of(handler *disposition) {
    return disposition == SIG_DFL   ? "default"
           : disposition == SIG_IGN ? "ignored"
           : disposition == SIG_ERR ? "error"
           : disposition == noted   ? "handler"
                                    : "another";
}

static handler *called(const char *name) {
    return strcmp(name, "default") == 0 ? SIG_DFL : strcmp(name, "ignored") == 0 ? SIG_IGN : noted;
}

static void ask(const char *what) {
    struct sigaction now;
    sigset_t blocked;
    int result = sigaction(SIGPIPE, NULL, &now);
    sigprocmask(SIG_SETMASK, NULL, &blocked);
    say("%s: now %s, flags %#x, blocked %d%s", what, name_of(now.sa_handler),
        (unsigned)now.sa_flags & ~0x04000000U, sigismember(&blocked, SIGPIPE),
        result ? ", failed" : "");
}

static void by_sigaction(handler *wanted) {
    struct sigaction action = {.sa_handler = wanted, .sa_flags = SA_RESTART};
    struct sigaction old = {.sa_handler = SIG_ERR};
    int result = sigaction(SIGPIPE, &action, &old);
    say("sigaction to %s: %d, was %s", name_of(wanted), result, name_of(old.sa_handler));
    ask("sigaction");
}

static void by_restore(handler *wanted) {
    struct sigaction action = {.sa_handler = wanted};
    struct sigaction saved;
    sigaction(SIGPIPE, &action, &saved);
    ask("for a while");
    sigaction(SIGPIPE, &saved, &action);
    say("restored, was %s", name_of(action.sa_handler));
    ask("restored");
}

static void by_setter(const char *name, handler *(*set)(int, handler *), handler *wanted) {
    errno = 0;
    handler *old = set(SIGPIPE, wanted);
    say("%s to %s: was %s, %s", name, name_of(wanted), name_of(old), error_name(errno));
    ask(name);
}

static void by_number(handler *wanted, const void *action_at, void *old_at, size_t size) {
    struct action action = {.handler = wanted, .flags = 0x10000000UL};
    struct action old = {.handler = SIG_ERR};
    long result = syscall(SYS_rt_sigaction, SIGPIPE, action_at ? action_at : &action,
                          old_at ? old_at : &old, size);
    say("syscall to %s: %ld, %s, was %s", name_of(wanted), result,
        result ? error_name(errno) : "no error", name_of(old.handler));
    ask("syscall");
}

static void seen(void) {
    static handler *const all[] = {SIG_DFL, SIG_IGN, SIG_DFL, SIG_DFL, noted, SIG_DFL};
    ask("at the start");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        by_sigaction(all[i]);
        by_restore(SIG_IGN);
        by_setter("signal", signal, all[i]);
#ifdef __GLIBC__
        by_setter("sigset", sigset, all[i]);
        by_setter("sysv_signal", sysv_signal, all[i]);
        by_setter("bsd_signal", ssignal, all[i]);
        siginterrupt(SIGPIPE, i % 2 == 0);
        ask("siginterrupt");
#endif
        by_number(all[i], NULL, NULL, 8);
        by_number(all[i], BAD_POINTER, NULL, 8);
        by_number(all[i], NULL, NULL, 4);
        by_number(all[i], NULL, BAD_POINTER, 8);
    }
#ifdef __GLIBC__
    by_setter("hold", sigset, SIG_HOLD);
    by_setter("release", sigset, SIG_DFL);
    sigignore(SIGPIPE);
    ask("sigignore");
#endif
}

static void blocked(void) {
    const struct timespec none = {0, 0};
    sigset_t pipe_alone, old;
    sigemptyset(&pipe_alone);
    sigaddset(&pipe_alone, SIGPIPE);
    sigprocmask(SIG_BLOCK, &pipe_alone, &old);
    write_to_nobody("blocked");
    say("taken: %d", sigtimedwait(&pipe_alone, NULL, &none));
    sigprocmask(SIG_SETMASK, &old, NULL);
    ask("blocked");
}

static void spawn_by(const char *call, const char *target) {
    posix_spawnattr_t attributes;
    sigset_t signals;
    pid_t pid = -1;
    bool plain = strcmp(call, "spawn") == 0 || strcmp(call, "spawnp") == 0;
    posix_spawnattr_init(&attributes);
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    posix_spawnattr_setsigdefault(&attributes, &signals);
    if (strcmp(call, "spawn-default") == 0)
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    (void)signal(SIGUSR1, SIG_IGN);
    int error = (strcmp(call, "spawnp") == 0 ? posix_spawnp : posix_spawn)(
        &pid, target, NULL, plain ? NULL : &attributes, arguments, environ);
    short flags = 0;
    if (!error)
        tell(call, pid);
    posix_spawnattr_getflags(&attributes, &flags);
    posix_spawnattr_getsigdefault(&attributes, &signals);
    say("%s: %s, attributes left as they were: %d %d", call, error_name(error), flags,
        sigismember(&signals, SIGPIPE));
    posix_spawnattr_destroy(&attributes);
}

static void exec_by(const char *call, const char *target) {
    int fd = open(target, O_RDONLY | O_CLOEXEC);
    if (strcmp(call, "execl") == 0)
        execl(target, show, asked, (char *)NULL);
    else if (strcmp(call, "execle") == 0)
        execle(target, show, asked, (char *)NULL, environ);
    else if (strcmp(call, "execlp") == 0)
        execlp(target, show, asked, (char *)NULL);
    else if (strcmp(call, "execv") == 0)
        execv(target, arguments);
    else if (strcmp(call, "execve") == 0)
        execve(target, arguments, environ);
    else if (strcmp(call, "execvp") == 0)
        execvp(target, arguments);
    else if (strcmp(call, "execvpe") == 0)
        execvpe(target, arguments, environ);
    else if (strcmp(call, "fexecve") == 0)
        fexecve(fd, arguments, environ);
#ifdef __GLIBC__
    else if (strcmp(call, "execveat") == 0)
        execveat(AT_FDCWD, target, arguments, environ, 0);
#endif
    else if (strcmp(call, "syscall-execve") == 0)
        syscall(SYS_execve, target, arguments, environ);
    else if (strcmp(call, "syscall-execveat") == 0)
        syscall(SYS_execveat, AT_FDCWD, target, arguments, environ, 0);
    else
        abort();
    close(fd);
}

static void exec_or_spawn(const char *call, const char *target) {
    if (strncmp(call, "spawn", 5) == 0) {
        spawn_by(call, target);
        return;
    }
    exec_by(call, target);
    say("%s: %s", call, error_name(errno));
}

/* The child's dispositions are its own, its memory is not. */
static void vfork_exec(handler *wanted, const char *target) {
    ask("before vfork");
    pid_t pid = vfork();
    if (pid == 0) {
        (void)signal(SIGPIPE, wanted);
        execve("/nonexistent/program", arguments, environ);
        execve(target, arguments, environ);
        _exit(127);
    }
    tell("vfork", pid);
    ask("after vfork");
}

static pid_t child_writing(const char *where, bool sharing) {
    // The fork's own path, and vfork's: it may write, since the parent is suspended.
    pid_t pid = sharing ? vfork() : fork(); // NOLINT(clang-analyzer-security.insecureAPI.vfork)
    if (pid == 0) {
        write_to_nobody(where);
        _exit(3);
    }
    return pid;
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "main";
    const char *word = argc > 2 ? argv[2] : "";
    const char *target = argc > 3 ? argv[3] : "";
    if (strcmp(what, "forked") == 0 || strcmp(what, "vforked") == 0) {
        tell(what, child_writing(what, what[0] == 'v'));
    } else if (strcmp(what, "thread") == 0) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, in_thread, NULL) != 0 || pthread_join(thread, NULL) != 0)
            abort();
    } else if (strcmp(what, "seen") == 0) {
        seen();
    } else if (strcmp(what, "blocked") == 0) {
        blocked();
    } else if (strcmp(what, "exec") == 0) {
        exec_or_spawn(word, target);
    } else if (strcmp(what, "vfork-exec") == 0) {
        vfork_exec(called(word), target);
        write_to_nobody("parent");
    } else {
        if (strcmp(what, "failed") == 0)
            exec_or_spawn(word, "/nonexistent/program");
        else if (strcmp(word, "sigaction") == 0)
            by_sigaction(called(what));
        else if (strcmp(word, "signal") == 0)
            by_setter("signal", signal, called(what));
        else if (strcmp(word, "syscall") == 0)
            by_number(called(what), NULL, NULL, 8);
        write_to_nobody(what);
    }
    return 0;
}
