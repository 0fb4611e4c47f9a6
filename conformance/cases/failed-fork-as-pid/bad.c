/*
 * A program starts a job and kills it when it is no longer wanted. There are no pids left, so fork
 * answers -1; nobody looks. A kill of -1 is for every process that the caller may signal.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static pid_t job;

static void start_job(void) {
    job = fork();
    if (job == 0)
        for (;;)
            pause();
    case_step("program: the job is %d", job);
}

static void stop_job(void) {
    case_step("program: kill(%d, SIGTERM)", job);
    kill(job, SIGTERM);
}

/* Other programs take all the pids there are; they end when the pipe does. */
static int take_all_pids(void) {
    int pipe_of_all[2];
    char byte;
    (void)!pipe(pipe_of_all);
    for (pid_t pid = 1; pid > 0;)
        if ((pid = fork()) == 0) {
            close(pipe_of_all[1]);
            (void)!read(pipe_of_all[0], &byte, 1);
            _exit(0);
        }
    return pipe_of_all[1];
}

int main(void) {
    case_begin();
    pid_t stranger = case_stranger(0);
    case_step("a stranger is at work as %d", stranger);
    signal(SIGTERM, SIG_IGN); /* so that it can tell the rest of the story */
    int pids = take_all_pids();
    start_job();
    stop_job();
    close(pids);
    while (wait(NULL) > 0)
        ;
    case_outcome("nobody-hit");
}
