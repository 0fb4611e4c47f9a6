/*
 * Tested: who inherits the ends of a pipe. pipes WHAT HOW [TARGET]
 *
 * HOW makes the pipe: pipe pipe2 pipe2-cloexec syscall-pipe syscall-pipe2 syscall-pipe2-cloexec
 * WHAT is
 *   made      tells its flags
 *   low       the same when it gets the numbers of standard input and standard error
 *   self      the same after each end was duplicated onto itself, by name and by number
 *   reused    the same when the numbers belonged to another pipe before, and to a file after it
 *   refused   calls that fail
 *   none, self-dup2, dup2, dup, fcntl, thread, vfork, spawn, spawn-self, spawn-dup2
 *             starts TARGET after that preparation
 */
#include <pthread.h>
#include <spawn.h>
#include <sys/syscall.h>

#include "canon.h"

#define ELSEWHERE 9

static char show[] = "show", descriptors[] = "descriptors";
static char *const arguments[] = {show, descriptors, NULL};
static const char *how;
static int ends[2];

static int make(int *made) {
    if (strcmp(how, "pipe") == 0)
        return pipe(made);
    if (strcmp(how, "pipe2") == 0)
        return pipe2(made, 0);
    if (strcmp(how, "pipe2-cloexec") == 0)
        return pipe2(made, O_CLOEXEC | O_NONBLOCK);
#ifdef SYS_pipe
    if (strcmp(how, "syscall-pipe") == 0)
        return (int)syscall(SYS_pipe, made);
#endif
    return (int)syscall(SYS_pipe2, made, strcmp(how, "syscall-pipe2-cloexec") ? 0 : O_CLOEXEC);
}

static void tell(const char *what, int fd) {
    int flags = fcntl(fd, F_GETFD);
    say("%s: %d: closed by exec %s, mode %#x", what, fd,
        flags < 0            ? error_name(errno)
        : flags & FD_CLOEXEC ? "yes"
                             : "no",
        flags < 0 ? 0U : (unsigned)fcntl(fd, F_GETFL) & O_NONBLOCK);
}

static void tell_both(const char *what) {
    tell(what, ends[0]);
    tell(what, ends[1]);
}

static void self(void) {
    errno = 0;
    int by_name = dup2(ends[0], ends[0]);
    say("dup2: %s, %s", by_name == ends[0] ? "itself" : "another", error_name(errno));
#ifdef SYS_dup2
    long by_number = syscall(SYS_dup2, ends[1], ends[1]);
#else
    long by_number = dup2(ends[1], ends[1]);
#endif
    say("by number: %s, %s", by_number == ends[1] ? "itself" : "another", error_name(errno));
    tell_both("onto itself");
}

static void reused(void) {
    const char *wanted = how;
    how = "pipe";
    make(ends);
    close(ends[0]), close(ends[1]);
    how = wanted;
    make(ends);
    self();
    close(ends[0]);
    say("%s number", open("/dev/null", O_RDONLY | O_CLOEXEC) == ends[0] ? "the same" : "another");
    self();
}

static void refused(void) {
    errno = 0;
    int bad_pointer = make(BAD_POINTER);
    say("bad pointer: %d %s", bad_pointer, error_name(errno));
    int bad_flags = pipe2(ends, 0x7fff);
    say("bad flags: %d %s", bad_flags, error_name(errno));
    static const int pairs[][2] = {{-1, -1}, {99, 99}, {0, -1}, {-1, 0}, {1 << 24, 1 << 24}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        int result = dup2(pairs[i][0], pairs[i][1]);
        say("dup2 of %d onto %d: %d %s", pairs[i][0], pairs[i][1], result, error_name(errno));
    }
    struct rlimit {
        unsigned long now, most;
    } few = {3, 3};
    syscall(SYS_prlimit64, 0, 7 /* RLIMIT_NOFILE */, &few, NULL);
    int result = make(ends);
    say("too many: %d %s", result, error_name(errno));
}

static void prepare(const char *what) {
    if (strcmp(what, "self-dup2") == 0)
        dup2(ends[0], ends[0]);
    else if (strcmp(what, "dup2") == 0)
        dup2(ends[0], ELSEWHERE);
    else if (strcmp(what, "dup") == 0)
        (void)!dup(ends[0]);
    else if (strcmp(what, "fcntl") == 0)
        fcntl(ends[0], F_SETFD, 0);
}

static void *make_in_thread(void *unused) {
    make(ends);
    return unused;
}

static pid_t spawned(const char *what, const char *target) {
    posix_spawn_file_actions_t actions;
    pid_t pid = -1;
    posix_spawn_file_actions_init(&actions);
    if (strcmp(what, "spawn-self") == 0)
        posix_spawn_file_actions_adddup2(&actions, ends[0], ends[0]);
    else if (strcmp(what, "spawn-dup2") == 0)
        posix_spawn_file_actions_adddup2(&actions, ends[0], ELSEWHERE);
    if (posix_spawn(&pid, target, &actions, NULL, arguments, environ) != 0)
        abort();
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

static pid_t started(const char *what, const char *target) {
    if (strncmp(what, "spawn", 5) == 0)
        return spawned(what, target);
    pid_t pid = strcmp(what, "vfork") ? fork() : vfork();
    if (pid == 0) {
        prepare(what);
        execv(target, arguments);
        _exit(127);
    }
    return pid;
}

static void start(const char *what, const char *target) {
    pthread_t thread;
    int status = UNTOUCHED;
    if (strcmp(what, "thread") != 0)
        make(ends);
    else if (pthread_create(&thread, NULL, make_in_thread, NULL) || pthread_join(thread, NULL))
        abort();
    pid_t pid = started(what, target);
    SAY_WAIT(what, waitpid(pid, &status, 0), pid, status);
    char byte = 'x';
    ssize_t written = write(ends[1], &byte, 1);
    say("in use: %zd %zd", written, read(ends[0], &byte, 1));
}

int main(int argc, char **argv) {
    if (argc < 3)
        return 2;
    how = argv[2];
    if (strcmp(argv[1], "low") == 0)
        close(STDIN_FILENO), close(STDERR_FILENO);
    if (strcmp(argv[1], "refused") == 0) {
        refused();
    } else if (strcmp(argv[1], "reused") == 0) {
        reused();
    } else if (argc > 3) {
        start(argv[1], argv[3]);
    } else {
        say("made: %d", make(ends));
        tell_both("made");
        if (strcmp(argv[1], "self") == 0)
            self();
    }
    return 0;
}
