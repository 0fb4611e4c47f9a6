/*
 * A server starts a program for each job and reads its answer through a pipe. It never closes the
 * reading end, and nothing closes it at exec. So the server has one descriptor more after each job,
 * and each job's program gets those of all the jobs before it, and both ends of its own.
 */
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

enum { JOBS = 10 };

static int count_open(void) {
    int count = 0;
    for (int fd = 3; fd < 100; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* The program of a job: this one, started anew. It answers how many descriptors it was left. */
static int job(void) {
    char answer = (char)count_open();
    return write(STDOUT_FILENO, &answer, 1) == 1 ? 0 : 1;
}

static int do_job(void) {
    int ends[2];
    char answer = -1;
    (void)!pipe(ends);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        execl("/proc/self/exe", "job", "job", NULL);
        case_broken("the job cannot be started");
    }
    close(ends[1]);
    if (read(ends[0], &answer, 1) != 1)
        case_broken("no answer");
    waitpid(child, NULL, 0);
    return answer;
}

int main(int argc, char **argv) {
    (void)argv;
    if (argc > 1)
        return job();
    case_begin();
    int before = count_open(), in_job = 0;
    for (int i = 0; i < JOBS; i++)
        in_job = do_job();
    int in_server = count_open() - before;
    case_step("after %d jobs: %d descriptors left open in the server", JOBS, in_server);
    case_step("in the last job's program: %d that it was never meant to have", in_job);
    case_outcome(in_server ? in_job ? "both-leak" : "server-leaks"
                 : in_job  ? "jobs-inherit"
                           : "nothing-leaks");
}
