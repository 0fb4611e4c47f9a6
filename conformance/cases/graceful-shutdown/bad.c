/*
 * A program ends a job in good order: it asks the whole group by SIGTERM, lets the grace go by, and
 * then kills. But the kill is for the job's leader only, whose pid is at hand. The helper, which
 * has ignored SIGTERM as well, is left.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static void start_job(struct case_gate *started) {
    setpgid(0, 0);
    signal(SIGTERM, SIG_IGN); /* it does not want to be disturbed; its helper inherits that */
    if (fork() == 0) {
        case_step("helper: at work, for ever");
        case_gate_open(started);
    }
    for (;;)
        pause();
}

int main(void) {
    case_begin();
    struct case_gate *started = case_gate_new();
    pid_t job = fork();
    if (job == 0)
        start_job(started);
    setpgid(job, job);
    case_gate_pass(started);

    case_step("parent: kill(-%d, SIGTERM)", job);
    kill(-job, SIGTERM);
    case_step("parent: the grace is over, and nobody has ended: kill(%d, SIGKILL)", job);
    kill(job, SIGKILL);
    waitpid(job, NULL, 0);
    case_step("parent: the job is over, it thinks");
}
