/*
 * The remedy: the parent makes the group as well. Whoever comes first makes it, for the other it is
 * no change; when the parent's setpgid has returned, the group is there.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

int main(void) {
    case_begin();
    struct case_gate *scheduled = case_gate_new();
    pid_t job = fork();
    if (job == 0) {
        case_gate_pass(scheduled); /* the parent runs first, as it mostly does */
        setpgid(0, 0);
        case_step("job: leads group %d, and works for ever", getpid());
        for (;;)
            pause();
    }
    setpgid(job, job);
    case_step("parent: the job is cancelled: kill(-%d)", job);
    if (kill(-job, SIGKILL) == 0)
        waitpid(job, NULL, 0);
    else
        case_step("parent: %s: it is over already, it thinks", strerror(errno));
    case_gate_open(scheduled);
}
