/*
 * One measurement in one process, which is bare or has something preloaded:
 *
 *   measure exec COUNT BATCH PROGRAM PRELOAD...   posix_spawn and wait, turn by turn for each
 * PRELOAD
 *                                                 ("-" is none); the measuring process is bare
 *   measure fork | kill | zombie | nothing | stranger | never COUNT BATCH
 *
 * Prints COUNT samples, nanoseconds a call, one a line; for exec "PRELOAD nanoseconds". A sample is
 * the mean over BATCH calls.
 */
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static pid_t child_exiting(void) {
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    if (pid < 0)
        fail("fork");
    return pid;
}

static pid_t child_pausing(void) {
    pid_t pid = fork();
    if (pid == 0)
        for (;;)
            pause();
    if (pid < 0)
        fail("fork");
    return pid;
}

static double forks(int batch) {
    double start = now();
    for (int i = 0; i < batch; i++)
        if (waitpid(child_exiting(), NULL, 0) < 0)
            fail("waitpid");
    return now() - start;
}

static pid_t target;

static double kills(int batch) {
    double start = now();
    for (int i = 0; i < batch; i++)
        if (kill(target, 0) != 0)
            fail("kill");
    return now() - start;
}

static double zombies(int batch) {
    pid_t *pids = calloc((size_t)batch, sizeof *pids);
    siginfo_t info;
    if (!pids)
        fail("calloc");
    for (int i = 0; i < batch; i++)
        pids[i] = child_exiting();
    for (int i = 0; i < batch; i++)
        if (waitid(P_PID, (id_t)pids[i], &info, WEXITED | WNOWAIT) != 0)
            fail("waitid");
    double start = now();
    for (int i = 0; i < batch; i++)
        if (waitpid(pids[i], NULL, 0) != pids[i])
            fail("waitpid");
    double time = now() - start;
    free(pids);
    return time;
}

static double nothing(int batch) {
    double start = now();
    for (int i = 0; i < batch; i++)
        if (waitpid(-1, NULL, WNOHANG) != 0)
            fail("waitpid");
    return now() - start;
}

/* Never waits while it is timed; the zombies of a batch are reaped afterwards. */
static double never(int batch) {
    double start = now();
    for (int i = 0; i < batch; i++)
        child_exiting();
    double time = now() - start;
    while (wait(NULL) > 0)
        ;
    return time;
}

static double (*prepare(const char *what))(int) {
    if (strcmp(what, "fork") == 0)
        return forks;
    if (strcmp(what, "zombie") == 0)
        return zombies;
    if (strcmp(what, "never") == 0)
        return never;
    target = child_pausing();
    if (strcmp(what, "stranger") == 0) {
        kill(target, SIGKILL);
        waitpid(target, NULL, 0);
        target = getppid();
        return kills;
    }
    if (strcmp(what, "kill") == 0)
        return kills;
    if (strcmp(what, "nothing") == 0)
        return nothing;
    fputs("measure: no such measurement\n", stderr);
    exit(2);
}

static void finish(const char *what) {
    if (strcmp(what, "kill") == 0 || strcmp(what, "nothing") == 0)
        kill(target, SIGKILL);
    while (wait(NULL) > 0)
        ;
}

static double spawns(int batch, char *program, char **envp) {
    char *argv[] = {program, NULL};
    double start = now();
    for (int i = 0; i < batch; i++) {
        pid_t pid;
        if (posix_spawn(&pid, program, NULL, NULL, argv, envp) != 0 || waitpid(pid, NULL, 0) != pid)
            fail("posix_spawn");
    }
    return now() - start;
}

static void execs(int count, int batch, char *program, char **preloads) {
    static char variable[4096];
    static char path[] = "PATH=/usr/bin:/bin";
    for (int i = 0; i < count; i++)
        for (char **preload = preloads; *preload; preload++) {
            char *envp[] = {path, NULL, NULL};
            snprintf(variable, sizeof variable, "LD_PRELOAD=%s", *preload);
            if (strcmp(*preload, "-") != 0)
                envp[1] = variable;
            printf("%s %.1f\n", *preload, spawns(batch, program, envp) / batch);
        }
}

int main(int argc, char **argv) {
    if (argc < 4)
        return 2;
    int count = atoi(argv[2]); // NOLINT(cert-err34-c)
    int batch = atoi(argv[3]); // NOLINT(cert-err34-c)
    if (count <= 0 || batch <= 0)
        return 2;
    if (strcmp(argv[1], "exec") == 0) {
        if (argc < 6)
            return 2;
        execs(count, batch, argv[4], argv + 5);
        return 0;
    }
    double (*sample)(int) = prepare(argv[1]);
    sample(batch < 20 ? batch : 20); // the first calls pay for what is set up once
    for (int i = 0; i < count; i++)
        printf("%.1f\n", sample(batch) / batch);
    finish(argv[1]);
    return 0;
}
