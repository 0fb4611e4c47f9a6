/*
 * Tested: pipe and dup2 by their libc names and by number, with bad pointers, numbers and flags,
 * and at the edge of RLIMIT_NOFILE; and that no call leaves a descriptor behind.
 */
#include <limits.h>

#include "bad.h"

#ifndef O_NOTIFICATION_PIPE
#define O_NOTIFICATION_PIPE O_EXCL
#endif

static char *pages;

static int open_descriptors(void) {
    int count = 0;
    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* --- pipe, pipe2 --- */

static long by_pipe(int *ends, int flags) {
    (void)flags;
    return pipe(ends);
}
static long by_pipe2(int *ends, int flags) {
    return pipe2(ends, flags);
}
#ifdef SYS_pipe
static long by_number_pipe(int *ends, int flags) {
    (void)flags;
    return syscall(SYS_pipe, ends);
}
#endif
static long by_number_pipe2(int *ends, int flags) {
    return syscall(SYS_pipe2, ends, flags);
}

static const struct {
    const char *name;
    long (*make)(int *, int);
} pipers[] = {{"pipe", by_pipe},
              {"pipe2", by_pipe2},
#ifdef SYS_pipe
              {"SYS_pipe", by_number_pipe},
#endif
              {"SYS_pipe2", by_number_pipe2}};

struct ends {
    size_t by;
    const char *name;
    void *at;
    int flags;
    rlim_t limit;
};

static void pipe_one(const void *argument) {
    const struct ends *row = argument;
    const struct rlimit limit = {row->limit, row->limit};
    int before = open_descriptors();
    if (row->limit != RLIM_INFINITY && setrlimit(RLIMIT_NOFILE, &limit) != 0)
        abort();
    errno = 0;
    long result = pipers[row->by].make(row->at, row->flags);
    int error = errno;
    say("%s, %s, flags %#x: %ld, %s, %d more", pipers[row->by].name, row->name,
        (unsigned)row->flags, result, error_name(error), open_descriptors() - before);
    if (result == 0) {
        int ends[2];
        memcpy(ends, row->at, sizeof ends);
        ssize_t moved = write(ends[1], "x", 1);
        say("  moved %zd, %zd", moved, read(ends[0], (char[1]){0}, 1));
    }
}

static void pipes(void) {
    static const int flags[] = {
        0,       1,         O_CLOEXEC, O_NONBLOCK, O_DIRECT, O_NOTIFICATION_PIPE,
        O_TRUNC, O_CREAT,   -1,        INT_MIN,    INT_MAX,  O_CLOEXEC | O_APPEND,
        O_PATH,  O_TMPFILE, 0x40000000};
    int lowest = dup(0);
    close(lowest);
    for (size_t by = 0; by < COUNT(pipers); by++) {
        for (int kind = 0; kind < BAD_KINDS; kind++)
            fate(bad_names[kind], pipe_one,
                 &(struct ends){by, bad_names[kind], bad_pointer((enum bad_kind)kind, pages),
                                kind % 2 ? O_CLOEXEC : 0, RLIM_INFINITY});
        for (size_t size = 4; size <= 8; size += 4)
            fate("at the edge", pipe_one,
                 &(struct ends){by, "at the edge", bad_edge(pages, size), 0, RLIM_INFINITY});
        for (size_t i = 0; i < COUNT(flags); i++)
            fate("flags", pipe_one, &(struct ends){by, "good", pages, flags[i], RLIM_INFINITY});
        for (int free = -lowest; free <= 2; free++)
            for (int kind = GOOD; kind <= NONE; kind++)
                fate("limit", pipe_one,
                     &(struct ends){by, bad_names[kind], bad_pointer((enum bad_kind)kind, pages), 0,
                                    (rlim_t)(lowest + free)});
    }
}

/* --- dup2 --- */

static void duplicate(const char *what, int from, int to) {
    errno = 0;
    int result = dup2(from, to);
    int error = errno;
    say("dup2, %s: %s, %s", what,
        result == to   ? "to"
        : result == -1 ? "-1"
                       : "another",
        error_name(error));
#ifdef SYS_dup2
    errno = 0;
    result = (int)syscall(SYS_dup2, from, to);
    error = errno;
    say("SYS_dup2, %s: %s, %s", what,
        result == to   ? "to"
        : result == -1 ? "-1"
                       : "another",
        error_name(error));
#endif
}

static void duplicates(const void *unused) {
    const struct rlimit limit = {64, 64};
    int ends[2];
    (void)unused;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || pipe(ends) != 0)
        return;
    const int fds[] = {-1,      INT_MIN,       INT_MAX, 63,      64, 65,
                       1 << 20, (1 << 20) - 1, ends[0], ends[1], 0};
    char what[64];
    for (size_t from = 0; from < COUNT(fds); from++)
        for (size_t to = 0; to < COUNT(fds); to++) {
            snprintf(what, sizeof what, "%zu to %zu", from, to);
            duplicate(what, fds[from], fds[to]);
        }
    for (int i = 0; i < 2; i++) {
        close(ends[i]);
        duplicate("a closed end onto itself", ends[i], ends[i]);
        duplicate("a closed end", ends[i], 40);
        duplicate("to a closed end", 0, ends[i]);
        duplicate("a file where an end was, onto itself", ends[i], ends[i]);
    }
}

static int run(int argc, char **argv) {
    (void)argc;
    (void)argv;
    pages = bad_pages();
    pipes();
    fate("dup2", duplicates, NULL);
    return 0;
}

int main(int argc, char **argv) {
    return confined(run, argc, argv);
}
