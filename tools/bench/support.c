#include "support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void fp_bench_fail(const char *what) {
    perror(what);
    exit(1);
}

int fp_bench_number(const char *text) {
    char *end;
    long number = strtol(text, &end, 10);
    if (*end || number < 1 || number > 1000000000) {
        fprintf(stderr, "bench: not a number from 1 on: %s\n", text);
        exit(2);
    }
    return (int)number;
}

void fp_bench_end_with_parent(void) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
        fp_bench_fail("prctl");
}

/* The raw call: faketime answers clock_gettime by itself. */
double fp_bench_now(void) {
    struct timespec time;
    if (syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &time) != 0)
        fp_bench_fail("clock_gettime");
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

pid_t fp_bench_child_exiting(void) {
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    if (pid < 0)
        fp_bench_fail("fork");
    return pid;
}

static void pause_until_parent_ends(pid_t parent, int ready) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || write(ready, "r", 1) != 1)
        _exit(1);
    while (getppid() == parent)
        pause();
    _exit(0);
}

static pid_t fork_pausing(int ready) {
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0)
        pause_until_parent_ends(parent, ready);
    if (pid < 0)
        fp_bench_fail("fork");
    return pid;
}

void fp_bench_children_pausing(pid_t *ret_pids, int count) {
    int ready[2];
    char byte;
    if (pipe(ready) != 0)
        fp_bench_fail("pipe");
    for (int i = 0; i < count; i++)
        ret_pids[i] = fork_pausing(ready[1]);
    for (int i = 0; i < count; i++)
        if (read(ready[0], &byte, 1) != 1)
            fp_bench_fail("read");
    close(ready[0]);
    close(ready[1]);
}

void fp_bench_end_child(pid_t pid) {
    if (kill(pid, SIGKILL) != 0)
        fp_bench_fail("kill");
}

void fp_bench_reap(pid_t pid) {
    if (waitpid(pid, NULL, 0) != pid)
        fp_bench_fail("waitpid");
}

void fp_bench_touch(size_t mebibytes) {
    size_t size = mebibytes << 20;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        fp_bench_fail("mmap");
    (void)madvise(memory, size,
                  MADV_NOHUGEPAGE); // a kernel without huge pages knows no such advice
    for (size_t at = 0; at < size; at += 4096)
        memory[at] = 1;
}

void fp_bench_vfork_exec(char *program, char **envp) {
    char *argv[] = {program, NULL};
    int status;
    pid_t pid = vfork();
    if (pid == 0) {
        execve(program, argv, envp);
        _exit(127);
    }
    if (pid < 0)
        fp_bench_fail("vfork");
    if (waitpid(pid, &status, 0) != pid || status != 0) {
        fprintf(stderr, "bench: %s did not run to its end\n", program);
        exit(1);
    }
}

double fp_bench_forks(int batch) {
    double start = fp_bench_now();
    for (int i = 0; i < batch; i++)
        fp_bench_reap(fp_bench_child_exiting());
    return fp_bench_now() - start;
}

double fp_bench_nothing(int batch) {
    double start = fp_bench_now();
    for (int i = 0; i < batch; i++)
        if (waitpid(-1, NULL, WNOHANG) != 0)
            fp_bench_fail("waitpid");
    return fp_bench_now() - start;
}

pid_t fp_bench_target;

double fp_bench_kills(int batch) {
    double start = fp_bench_now();
    for (int i = 0; i < batch; i++)
        if (kill(fp_bench_target, 0) != 0)
            fp_bench_fail("kill");
    return fp_bench_now() - start;
}
