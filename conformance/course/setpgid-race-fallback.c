/*
 * setpgid-race where only the job makes its group (for a session there is no other way): the parent
 * does not believe ESRCH, and does not depend on who was first.
 *
 * The pid of a child that has not been waited for is its own, whatever its group. So the kill is
 * for the pid first: from then on the job forks nobody. Whoever it had forked into its group before
 * gets the second one, for the group, whose number the zombie keeps.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

/* Of a child that has not been waited for. */
static void kill_job(pid_t leader) {
    kill(leader, SIGKILL);
    if (kill(-leader, SIGKILL) != 0)
        case_step("parent: kill(-%d): %s: it had no group yet", leader, strerror(errno));
}

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
    case_step("parent: the job is cancelled: kill(%d) and kill(-%d)", job, job);
    kill_job(job);
    waitpid(job, NULL, 0); /* only this tells that it is over */
    case_gate_open(scheduled);
}
