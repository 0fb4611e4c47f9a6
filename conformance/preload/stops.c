/*
 * Tested: stopped, continued and killed children as each wait reports them, once each, in order;
 * and that who did not ask for stops is not told of them.
 */
#include "canon.h"

static pid_t child;

static void by_waitpid(const char *what, int options) {
    int status = UNTOUCHED;
    pid_t result = waitpid(child, &status, options);
    say_wait(what, result, child, status, errno);
}

static void by_waitid(const char *what, idtype_t type, int options) {
    siginfo_t info;
    memset(&info, 0, sizeof info);
    int result = waitid(type, type == P_ALL ? 0 : (id_t)child, &info, options);
    say("%s: %d, signo %d code %d status %d pid %s", what, result, info.si_signo, info.si_code,
        info.si_status, whose(info.si_pid, child));
}

/* In a group of its own: SIGTSTP is discarded in an orphaned group, which ours may be. */
static pid_t child_that_stops(void) {
    pid_t pid = child_pausing();
    setpgid(pid, pid);
    return pid;
}

int main(void) {
    child = child_that_stops();
    by_waitpid("running", WNOHANG | WUNTRACED | WCONTINUED);
    kill(child, SIGSTOP);
    by_waitpid("stopped", WUNTRACED);
    by_waitpid("told once", WNOHANG | WUNTRACED);
    kill(child, SIGCONT);
    by_waitpid("not asked for", WNOHANG | WUNTRACED);
    by_waitpid("continued", WCONTINUED);
    by_waitpid("told once", WNOHANG | WCONTINUED);

    kill(child, SIGTSTP);
    by_waitid("seen", P_PID, WSTOPPED | WNOWAIT);
    by_waitid("seen again", P_ALL, WSTOPPED | WNOWAIT);
    by_waitid("taken", P_ALL, WSTOPPED);
    by_waitid("gone", P_PID, WSTOPPED | WNOHANG);
    kill(child, SIGCONT);
    by_waitid("continued seen", P_PID, WCONTINUED | WNOWAIT);
    by_waitid("continued taken", P_PID, WCONTINUED | WEXITED);
    by_waitid("continued gone", P_PID, WCONTINUED | WNOHANG);

    kill(child, SIGSTOP);
    await_state(child, "T");
    kill(child, SIGKILL);
    by_waitpid("killed while stopped", WUNTRACED | WCONTINUED);
    by_waitpid("no more", WUNTRACED);

    child = child_that_stops();
    kill(child, SIGSTOP);
    siginfo_t info;
    waitid(P_PID, (id_t)child, &info, WSTOPPED | WNOWAIT);
    int bad = waitpid(child, BAD_POINTER, WUNTRACED);
    say("stop with a bad pointer: %d, %s", bad, error_name(errno));
    by_waitpid("the stop was taken", WNOHANG | WUNTRACED);
    kill(child, SIGKILL);
    by_waitid("killed", P_PID, WEXITED);
    return 0;
}
