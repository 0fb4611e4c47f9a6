/*
 * The remedy: a kill is finished by a wait. After SIGKILL it returns soon, as nothing can catch
 * that signal.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

enum { JOBS = 200, FEW = 100 };

static void time_out(pid_t job) {
    kill(job, SIGKILL);
    waitpid(job, NULL, 0);
}

int main(void) {
    case_begin();
    for (int i = 0; i < JOBS; i++) {
        pid_t job = fork();
        if (job == 0)
            for (;;)
                pause();
        if (job < 0)
            case_broken("no more processes");
        time_out(job);
        siginfo_t info; /* so that the count below is exact: returns when the job is dead */
        (void)waitid(P_PID, (id_t)job, &info, WEXITED | WNOWAIT);
    }
    int left = case_zombies();
    case_step("runner: %d jobs were killed, %d are left as zombies", JOBS, left);
    case_outcome(left == 0 ? "none-left" : left <= FEW ? "bounded" : "piled-up");
}
