/*
 * One measurement in one process, which is bare or has something preloaded:
 *
 *   measure exec COUNT BATCH SUBJECT... -- PROGRAM [ARGUMENT...]
 *       posix_spawn and wait, turn by turn for each SUBJECT: what it adds to the environment of the
 *       started program, one variable a line. The measuring process is bare.
 *   measure spawn | vfork COUNT BATCH PROGRAM [MIB]
 *       posix_spawn, or vfork and exec, with this process's own environment; before that MIB of
 *       memory are made resident.
 *   measure fork | kill | threaded | zombie | nothing | waitid | stranger | never | malloc |
 *           handled COUNT BATCH
 *   measure memory
 *       Its own /proc/self/smaps.
 *
 * Prints COUNT samples, nanoseconds a call, one a line; exec puts the number of the SUBJECT before
 * each, from 0. A sample is the mean over BATCH calls.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

enum { MAX_SUBJECTS = 16, MAX_VARIABLES = 8 };

static double zombies(int batch) {
    pid_t *pids = calloc((size_t)batch, sizeof *pids);
    siginfo_t info;
    if (!pids)
        fp_bench_fail("calloc");
    for (int i = 0; i < batch; i++)
        pids[i] = fp_bench_child_exiting();
    for (int i = 0; i < batch; i++)
        if (waitid(P_PID, (id_t)pids[i], &info, WEXITED | WNOWAIT) != 0)
            fp_bench_fail("waitid");
    double start = fp_bench_now();
    for (int i = 0; i < batch; i++)
        fp_bench_reap(pids[i]);
    double time = fp_bench_now() - start;
    free(pids);
    return time;
}

/* Never waits while it is timed; the zombies of a batch are reaped afterwards. */
static double never(int batch) {
    double start = fp_bench_now();
    for (int i = 0; i < batch; i++)
        fp_bench_child_exiting();
    double time = fp_bench_now() - start;
    while (wait(NULL) > 0)
        ;
    return time;
}

static void spawn(char **argv, char **envp) {
    pid_t pid;
    int status;
    if (posix_spawn(&pid, argv[0], NULL, NULL, argv, envp) != 0)
        fp_bench_fail("posix_spawn");
    if (waitpid(pid, &status, 0) != pid || status != 0) {
        fprintf(stderr, "measure: %s did not run to its end\n", argv[0]);
        exit(1);
    }
}

static char **command;

static double nothing_by_waitid(int batch) {
    siginfo_t info;
    double start = fp_bench_now();
    for (int i = 0; i < batch; i++)
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG) != 0 || info.si_pid != 0)
            fp_bench_fail("waitid");
    return fp_bench_now() - start;
}

static double spawns(int batch) {
    double start = fp_bench_now();
    for (int i = 0; i < batch; i++)
        spawn(command, environ);
    return fp_bench_now() - start;
}

static double vforks(int batch) {
    double start = fp_bench_now();
    for (int i = 0; i < batch; i++)
        fp_bench_vfork_exec(command[0], environ);
    return fp_bench_now() - start;
}

/* A free and a malloc, with some that live a little longer. */
static double mallocs(int batch) {
    static void *volatile kept[64];
    double start = fp_bench_now();
    for (int i = 0; i < batch; i++) {
        free(kept[i % 64]);
        kept[i % 64] = malloc((size_t)(16 + i * 37 % 512));
        if (!kept[i % 64])
            fp_bench_fail("malloc");
    }
    return fp_bench_now() - start;
}

static void handle(int signal) {
    (void)signal;
}

/* A program with a handler is one that may be in it. */
static void set_handler(void) {
    struct sigaction action = {.sa_handler = handle};
    if (sigaction(SIGUSR1, &action, NULL) != 0)
        fp_bench_fail("sigaction");
}

/* A process with a second thread is one that has to lock. */
static void *idle(void *unused) {
    for (;;)
        pause();
    return unused;
}

static void start_thread(void) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, idle, NULL) != 0)
        fp_bench_fail("pthread_create");
}

static fp_bench_sample *prepare(const char *what) {
    static const struct {
        const char *name;
        fp_bench_sample *sample;
    } samples[] = {
        {"fork", fp_bench_forks},
        {"zombie", zombies},
        {"never", never},
        {"spawn", spawns},
        {"vfork", vforks},
        {"nothing", fp_bench_nothing},
        {"waitid", nothing_by_waitid},
        {"kill", fp_bench_kills},
        {"threaded", fp_bench_kills},
        {"stranger", fp_bench_kills},
        {"malloc", mallocs},
        {"handled", mallocs},
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
        if (strcmp(what, samples[i].name) == 0)
            return samples[i].sample;
    fputs("measure: no such measurement\n", stderr);
    exit(2);
}

/* A stranger is measured by a process that has children, or had some. */
static void choose_target(const char *what) {
    fp_bench_children_pausing(&fp_bench_target, 1);
    if (strcmp(what, "stranger") != 0)
        return;
    fp_bench_end_child(fp_bench_target);
    fp_bench_reap(fp_bench_target);
    fp_bench_target = getppid();
}

static void measure(const char *what, int count, int batch) {
    fp_bench_sample *sample = prepare(what);
    int has_target =
        sample == fp_bench_kills || sample == fp_bench_nothing || sample == nothing_by_waitid;
    if (has_target)
        choose_target(what);
    if (strcmp(what, "threaded") == 0)
        start_thread();
    if (strcmp(what, "handled") == 0)
        set_handler();
    (void)sample(batch < 20 ? batch : 20); // the first calls pay for what is set up once
    for (int i = 0; i < count; i++)
        printf("%.1f\n", sample(batch) / batch);
    if (has_target && fp_bench_target != getppid()) {
        fp_bench_end_child(fp_bench_target);
        fp_bench_reap(fp_bench_target);
    }
}

/* PATH and the variables of one subject; the strings are split where they are. */
static void fill_environment(char **ret_envp, char *subject) {
    static char path[] = "PATH=/usr/bin:/bin";
    int count = 0;
    ret_envp[count++] = path;
    for (char *variable = strtok(subject, "\n"); variable; variable = strtok(NULL, "\n")) {
        if (count == MAX_VARIABLES)
            exit(2);
        ret_envp[count++] = variable;
    }
    ret_envp[count] = NULL;
}

/* The subjects end at "--", the program follows. */
static void execs(int count, int batch, char **words) {
    static char *environments[MAX_SUBJECTS][MAX_VARIABLES + 1];
    int subjects = 0;
    while (words[subjects] && strcmp(words[subjects], "--") != 0 && subjects < MAX_SUBJECTS) {
        fill_environment(environments[subjects], words[subjects]);
        subjects++;
    }
    if (!words[subjects] || strcmp(words[subjects], "--") != 0 || !words[subjects + 1])
        exit(2);
    command = words + subjects + 1;
    for (int i = 0; i < count; i++)
        for (int subject = 0; subject < subjects; subject++) {
            double start = fp_bench_now();
            for (int j = 0; j < batch; j++)
                spawn(command, environments[subject]);
            printf("%d %.1f\n", subject, (fp_bench_now() - start) / batch);
        }
}

static void memory(void) {
    static char text[65536];
    ssize_t length;
    int file = open("/proc/self/smaps", O_RDONLY | O_CLOEXEC);
    if (file < 0)
        fp_bench_fail("/proc/self/smaps");
    while ((length = read(file, text, sizeof text)) > 0)
        if (write(STDOUT_FILENO, text, (size_t)length) != length)
            fp_bench_fail("write");
    close(file);
}

int main(int argc, char **argv) {
    fp_bench_end_with_parent();
    if (argc == 2 && strcmp(argv[1], "memory") == 0) {
        memory();
        return 0;
    }
    if (argc < 4)
        return 2;
    int count = fp_bench_number(argv[2]);
    int batch = fp_bench_number(argv[3]);
    command = argv + 4;
    if (strcmp(argv[1], "exec") == 0) {
        execs(count, batch, argv + 4);
        return 0;
    }
    if (argc > 5) {
        fp_bench_touch((size_t)fp_bench_number(argv[5]));
        argv[5] = NULL;
    }
    measure(argv[1], count, batch);
    return 0;
}
