/*
 * Scenes for the tests of the wait-for graph: played by children of the test, which end with it.
 * Nobody waits for time to pass: looks are taken until all are asleep.
 */
#ifndef WAITS_STAGE_H
#define WAITS_STAGE_H

#include <criterion/criterion.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "waits.h"

/* Between the test and its scene. */
static struct {
    atomic_int ready; /* threads that are about to begin their last wait */
    pid_t pids[3];
    unsigned long inodes[3];
    long sizes[3];
    int given[2]; /* a pipe that the test holds */
    char path[256];
} * shared;

static struct fp_waits first, second;
static struct fp_cycles cycles;
static pid_t scene_group;
static char buffer[1 << 16];

static inline void set_up(void) {
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static inline void tear_down(void) {
    fp_cycles_free(&cycles);
    fp_waits_free(&first);
    fp_waits_free(&second);
    if (scene_group)
        kill(-scene_group, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0)
        ;
}

static inline pid_t begin(const char *name) {
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        prctl(PR_SET_NAME, name);
    }
    return pid;
}

static inline void play(const char *name, void scene(void)) {
    pid_t pid = begin(name);
    if (pid == 0) {
        setpgid(0, 0);
        shared->pids[0] = getpid();
        scene();
        _exit(0);
    }
    setpgid(pid, pid);
    scene_group = pid;
}

/* Of a pipe: for what the test expects to be told. */
static inline void make_pipe(int ends[2], int number) {
    struct stat stat;
    (void)!pipe(ends);
    fstat(ends[0], &stat);
    shared->inodes[number] = stat.st_ino;
    shared->sizes[number] = fcntl(ends[0], F_GETPIPE_SZ);
}

static inline void next_look(void) {
    fp_waits_free(&first);
    first = second;
    second = (struct fp_waits){0};
    cr_assert_eq(fp_waits_look_below(getpid(), &second), 0);
}

static inline uint64_t switches(const struct fp_waits *waits) {
    uint64_t sum = 0;
    for (size_t i = 0; i < waits->wait_count; i++)
        sum += waits->waits[i].switches;
    return sum;
}

static inline int count_stuck(const struct fp_waits *waits) {
    int count = 0;
    for (size_t i = 0; i < waits->wait_count; i++)
        count += waits->waits[i].is_stuck;
    return count;
}

/* An open file description of its own. */
static inline int reopen(int fd) {
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, O_RDWR | O_CLOEXEC);
}

static inline void make_fifo(const char *name) {
    char directory[] = "/tmp/forkproof-waits-XXXXXX";
    cr_assert(mkdtemp(directory));
    snprintf(shared->path, sizeof shared->path, "%s/%s", directory, name);
    cr_assert_eq(mkfifo(shared->path, 0600), 0);
}

static inline void remove_fifo(void) {
    unlink(shared->path);
    *strrchr(shared->path, '/') = '\0';
    rmdir(shared->path);
}

/* Looks until something is found. */
static inline void find_cycle(void) {
    for (next_look(); cycles.count == 0; sched_yield()) {
        next_look();
        cr_assert_eq(fp_waits_cycles(&first, &second, &cycles), 0);
    }
}

/* Both fill the pipe to the other. */
static inline void two_pipes(void) {
    int to[2], from[2];
    make_pipe(to, 0);
    make_pipe(from, 1);
    if ((shared->pids[1] = begin("filter")) == 0) {
        shared->pids[1] = getpid();
        close(to[1]), close(from[0]);
        while (read(to[0], buffer, 4096) > 0)
            (void)!write(from[1], buffer, 4096);
        _exit(0);
    }
    close(to[0]), close(from[1]);
    for (;;)
        (void)!write(to[1], buffer, 4096);
}

/* The child could write, but has ended. */
static inline void own_writing_end(void) {
    int ends[2];
    make_pipe(ends, 0);
    if (begin("child") == 0)
        _exit(0);
    while (read(ends[0], buffer, 64) > 0)
        ;
}

#endif
