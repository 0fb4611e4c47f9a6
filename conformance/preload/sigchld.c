/*
 * Tested: the ways programs use SIGCHLD: a handler that reaps all or one, a handler that reaps
 * beside a blocked wait (the blocked wait is served first), SIGCHLD ignored and SA_NOCLDWAIT (a
 * wait blocks until all are gone, then ECHILD), sigtimedwait, signalfd, SA_SIGINFO.
 */
#include <sys/signalfd.h>
#include <time.h>

#include "canon.h"

static volatile sig_atomic_t reaped, empty, sum;

static void reap_all(int signal) {
    int status;
    int saved = errno;
    (void)signal;
    while (waitpid(-1, &status, WNOHANG) > 0) {
        reaped++;
        sum += WEXITSTATUS(status);
    }
    empty += errno == ECHILD;
    errno = saved;
}

static void reap_one(int signal) {
    int status;
    int saved = errno;
    (void)signal;
    if (waitpid(-1, &status, 0) > 0)
        reaped++;
    errno = saved;
}

static void by_handler(const char *what, void (*handler)(int), int children, bool serial) {
    sigset_t chld;
    sigset_t before;
    handle(SIGCHLD, handler, SA_RESTART);
    sigemptyset(&chld);
    sigaddset(&chld, SIGCHLD);
    sigprocmask(SIG_BLOCK, &chld, &before);
    reaped = sum = 0;
    for (int i = 0; i < children; i++) {
        child_exiting(i);
        while (serial && reaped <= i)
            sigsuspend(&before);
    }
    while (reaped < children)
        sigsuspend(&before);
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = 0;
    pid_t left = wait(NULL);
    say("%s: reaped %d, sum %d, then %d %s", what, (int)reaped, (int)sum, (int)left,
        error_name(errno));
    handle(SIGCHLD, SIG_DFL, 0);
}

enum call { WAIT, WAITPID, WAITID, SEEN, CALLS };
static const char *const names[] = {"wait", "waitpid", "waitid", "waitid WNOWAIT"};

/*
 * The child dies while its parent is blocked in a wait: a bare wait has taken it before the handler
 * runs, so the wait always gets the status and the handler never does.
 */
static void beside_blocked_wait(enum call call, int flags) {
    int served = 0;
    int failed = 0;
    handle(SIGCHLD, reap_all, flags);
    reaped = empty = 0;
    for (int i = 0; i < 20; i++) {
        int status = UNTOUCHED;
        siginfo_t info = {0};
        pid_t child = child_exiting_when_blocked(getpid(), 3);
        pid_t result = call == WAIT      ? wait(&status)
                       : call == WAITPID ? waitpid(child, &status, 0)
                                         : 0;
        if (call == WAITID || call == SEEN) {
            int see = call == SEEN ? (int)WNOWAIT : 0;
            result = waitid(P_PID, (id_t)child, &info, WEXITED | see) == 0 ? info.si_pid : -1;
            status = info.si_status << 8;
        }
        served += result == child && status == 3 << 8;
        failed += result < 0;
    }
    say("%s beside a reaping handler, flags %s: wait got %d, failed %d, handler got %d",
        names[call], flags ? "SA_RESTART" : "0", served, failed, (int)reaped);
    handle(SIGCHLD, SIG_DFL, 0);
}

static void reaped_by_kernel(const char *what, void (*handler)(int), int flags) {
    handle(SIGCHLD, handler, flags);
    int status = UNTOUCHED;
    for (int i = 0; i < 5; i++)
        child_exiting(i);
    pid_t last = child_exiting_when_blocked(getpid(), 1);
    pid_t result = wait(&status);
    int error = errno;
    say_wait(what, result, last, status, error);
    // The kernel lets the wait go a moment before the number.
    while (kill(last, 0) == 0)
        sched_yield();
    say("%s: all gone: %s", what, error_name(errno));
    pid_t child = child_exiting_when_blocked(getpid(), 1);
    siginfo_t info;
    memset(&info, 0x55, sizeof info);
    int result_id = waitid(P_PID, (id_t)child, &info, WEXITED);
    say("%s: waitid %d %s pid %s", what, result_id, error_name(errno), whose(info.si_pid, child));
    handle(SIGCHLD, SIG_DFL, 0);
}

static void say_info(const char *what, pid_t child, int signo, int code, pid_t pid, int status) {
    say("%s: signal %d, code %d, %s, status %d", what, signo, code, whose(pid, child), status);
}

static void by_sigtimedwait(void) {
    sigset_t chld;
    siginfo_t info;
    const struct timespec long_enough = {60, 0};
    sigemptyset(&chld);
    sigaddset(&chld, SIGCHLD);
    sigprocmask(SIG_BLOCK, &chld, NULL);
    pid_t child = child_exiting(11);
    sigtimedwait(&chld, &info, &long_enough);
    say_info("sigtimedwait", child, info.si_signo, info.si_code, info.si_pid, info.si_status);
    int status = UNTOUCHED;
    SAY_WAIT("then", waitpid(-1, &status, WNOHANG), child, status);

    int fd = signalfd(-1, &chld, SFD_CLOEXEC);
    struct signalfd_siginfo record = {0};
    child = child_exiting(12);
    if (read(fd, &record, sizeof record) != (ssize_t)sizeof record)
        abort();
    say_info("signalfd", child, (int)record.ssi_signo, record.ssi_code, (pid_t)record.ssi_pid,
             record.ssi_status);
    status = UNTOUCHED;
    SAY_WAIT("then", waitpid(child, &status, 0), child, status);

    // Reaped before its SIGCHLD is fetched: the signal stays.
    child = child_exiting(13);
    waitpid(child, NULL, 0);
    say("signal of a reaped child: %d", sigtimedwait(&chld, &info, &(struct timespec){0, 0}));
    close(fd);
    sigprocmask(SIG_UNBLOCK, &chld, NULL);
}

int main(void) {
    by_handler("reap all", reap_all, 50, false);
    by_handler("reap all, serial", reap_all, 20, true);
    by_handler("reap one", reap_one, 20, true);
    for (int call = 0; call < CALLS; call++) {
        beside_blocked_wait((enum call)call, SA_RESTART);
        beside_blocked_wait((enum call)call, 0);
    }
    reaped_by_kernel("ignored", SIG_IGN, 0);
    reaped_by_kernel("SA_NOCLDWAIT", SIG_DFL, SA_NOCLDWAIT);
    by_sigtimedwait();
    return 0;
}
