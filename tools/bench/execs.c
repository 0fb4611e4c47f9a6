/*
 * Starts a program so many times, one after the other, by fork, exec and wait, and prints how many
 * nanoseconds that took altogether:
 *
 *   execs COUNT PROGRAM [ARGUMENT...]
 *
 * Whatever it is run by, this is the time of the program itself.
 */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

static void run(char **argv) {
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        execv(argv[0], argv);
        _exit(127);
    }
    if (pid < 0)
        fp_bench_fail("fork");
    if (waitpid(pid, &status, 0) != pid)
        fp_bench_fail("waitpid");
    if (status == 0)
        return;
    fprintf(stderr, "execs: %s: status %#x\n", argv[0], (unsigned)status);
    _exit(1);
}

int main(int argc, char **argv) {
    if (argc < 3)
        return 2;
    fp_bench_end_with_parent();
    int count = fp_bench_number(argv[1]);
    double start = fp_bench_now();
    for (int i = 0; i < count; i++)
        run(argv + 2);
    printf("%.0f\n", fp_bench_now() - start);
    return 0;
}
