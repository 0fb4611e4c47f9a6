/*
 * What a call costs when there is much of something, in one process, which is bare or has something
 * preloaded:
 *
 *   scale children COUNT SIZE             live children
 *   scale threads COUNT SIZE              threads that all do the same at once
 *   scale resident COUNT SIZE PROGRAM     MiB of resident memory
 *   scale environment COUNT SIZE PROGRAM PRELOAD|-
 *                                         variables in the environment given to exec
 *
 * Prints COUNT samples of each call, one a line: CALL nanoseconds. With several threads: of the
 * time that all took, divided by the calls of all.
 */
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support.h"

enum { SMALL_STACK = 64 * 1024 };

static void sample(int count, const char *call, fp_bench_sample *calls, int batch) {
    for (int i = 0; i < count; i++)
        printf("%s %.1f\n", call, calls(batch) / batch);
}

static pid_t *start_children(int count) {
    pid_t *pids = calloc((size_t)count, sizeof *pids);
    if (!pids)
        fp_bench_fail("calloc");
    fp_bench_children_pausing(pids, count);
    return pids;
}

/* All are told before any is waited for: they end while the others are told. */
static void end_children(pid_t *pids, int count) {
    for (int i = 0; i < count; i++)
        fp_bench_end_child(pids[i]);
    for (int i = 0; i < count; i++)
        fp_bench_reap(pids[i]);
    free(pids);
}

static void with_children(int count, int size) {
    pid_t *children = start_children(size);
    fp_bench_target = children[size / 2];
    (void)fp_bench_forks(10);
    sample(count, "kill", fp_bench_kills, 1000);
    // The kernel looks at every child for this one.
    sample(count, "nothing", fp_bench_nothing, 1 + 100000 / (size + 100));
    sample(count, "fork", fp_bench_forks, 10);
    end_children(children, size);
}

static pthread_barrier_t start_line;

struct runner {
    pthread_t thread;
    pid_t target;
    int batch;
    double start, finish;
};

static void *kill_own(void *argument) {
    struct runner *runner = argument;
    pid_t target = runner->target;
    pthread_barrier_wait(&start_line);
    runner->start = fp_bench_now();
    for (int i = 0; i < runner->batch; i++)
        if (kill(target, 0) != 0)
            fp_bench_fail("kill");
    runner->finish = fp_bench_now();
    return NULL;
}

static void *fork_own(void *argument) {
    struct runner *runner = argument;
    pthread_barrier_wait(&start_line);
    runner->start = fp_bench_now();
    for (int i = 0; i < runner->batch; i++)
        fp_bench_reap(fp_bench_child_exiting());
    runner->finish = fp_bench_now();
    return NULL;
}

static void start_runners(void *(*body)(void *), struct runner *runners, int threads, int batch) {
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, SMALL_STACK);
    pthread_barrier_init(&start_line, NULL, (unsigned)threads);
    for (int i = 0; i < threads; i++) {
        runners[i].batch = batch;
        if (pthread_create(&runners[i].thread, &small, body, &runners[i]) != 0)
            fp_bench_fail("pthread_create");
    }
    pthread_attr_destroy(&small);
}

/* From the first to start to the last to finish, a call. */
static double race(void *(*body)(void *), struct runner *runners, int threads, int calls) {
    int batch = calls / threads > 0 ? calls / threads : 1;
    double start = 0, finish = 0;
    start_runners(body, runners, threads, batch);
    for (int i = 0; i < threads; i++) {
        pthread_join(runners[i].thread, NULL);
        start = i == 0 || runners[i].start < start ? runners[i].start : start;
        finish = runners[i].finish > finish ? runners[i].finish : finish;
    }
    pthread_barrier_destroy(&start_line);
    return (finish - start) / (batch * threads);
}

static void with_threads(int count, int size) {
    struct runner *runners = calloc((size_t)size, sizeof *runners);
    pid_t *targets = start_children(size);
    if (!runners)
        fp_bench_fail("calloc");
    for (int i = 0; i < size; i++)
        runners[i].target = targets[i];
    for (int i = 0; i < count; i++) {
        printf("kill %.1f\n", race(kill_own, runners, size, 100000));
        printf("fork %.1f\n", race(fork_own, runners, size, 128));
    }
    end_children(targets, size);
    free(runners);
}

static char *program;
static char **environment;

static double vfork_execs(int batch) {
    double start = fp_bench_now();
    for (int i = 0; i < batch; i++)
        fp_bench_vfork_exec(program, environment);
    return fp_bench_now() - start;
}

static void with_resident(int count, int size) {
    environment = environ;
    fp_bench_touch((size_t)size);
    (void)fp_bench_forks(1);
    sample(count, "fork", fp_bench_forks, size < 100 ? 10 : 2);
    sample(count, "vfork", vfork_execs, 10);
}

static char **variables(int count) {
    static const char filling[] = "0123456789abcdef0123456789abcdef";
    char **envp = calloc((size_t)count + 2, sizeof *envp);
    if (!envp)
        fp_bench_fail("calloc");
    for (int i = 0; i < count; i++)
        if (asprintf(&envp[i], "VARIABLE_%05d=%s", i, filling) < 0)
            fp_bench_fail("asprintf");
    return envp;
}

/* LD_PRELOAD stands last, where a search for it takes longest. */
static void with_environment(int count, int size, const char *preload) {
    static char variable[PATH_MAX + 16];
    snprintf(variable, sizeof variable, "LD_PRELOAD=%s", preload);
    environment = variables(size);
    (void)vfork_execs(1);
    sample(count, "lacking", vfork_execs, 5);
    if (strcmp(preload, "-") != 0)
        environment[size] = variable;
    sample(count, "given", vfork_execs, 5);
}

int main(int argc, char **argv) {
    fp_bench_end_with_parent();
    if (argc < 4)
        return 2;
    int count = fp_bench_number(argv[2]);
    int size = fp_bench_number(argv[3]);
    program = argv[4];
    if (strcmp(argv[1], "children") == 0)
        with_children(count, size);
    else if (strcmp(argv[1], "threads") == 0)
        with_threads(count, size);
    else if (strcmp(argv[1], "resident") == 0 && argc == 5)
        with_resident(count, size);
    else if (strcmp(argv[1], "environment") == 0 && argc == 6)
        with_environment(count, size, argv[5]);
    else
        return 2;
    return 0;
}
