/*
 * forkproof-hold PROGRAM [ARGUMENT]...
 *
 * For FreeBSD, in the place of `forkproof run`, which is not ported: becomes the reaper of what the
 * program starts, and ends all of it when the program has ended: SIGTERM, five seconds, SIGKILL.
 * PROC_REAP_KILL stops each process before it looks for its children, so no fork escapes. There is
 * no guard above: who kills this process lets all others live. libforkproof.so is preloaded by
 * whoever calls.
 *
 * Exit status: the program's own, 128+n when signal n ended it; 125 it cannot be held, 126 it
 * cannot be executed, 127 it is not found.
 */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/event.h>
#include <unistd.h>

#include "freebsd/reaper.h"

enum { FAILED = 125, CANNOT_EXECUTE = 126, NOT_FOUND = 127, GRACE = 5 };

/* The real functions are libc's own here: nothing is defined in their place. */
static _Noreturn void become(char **argv, const sigset_t *blocked) {
    (void)sigprocmask(SIG_SETMASK, blocked, NULL);
    (void)signal(SIGINT, SIG_DFL);
    (void)signal(SIGQUIT, SIG_DFL);
    execvp(argv[0], argv);
    int error = errno;
    warn("%s", argv[0]);
    _exit(error == ENOENT ? NOT_FOUND : CANNOT_EXECUTE);
}

static int status_of(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Whoever has ended: children and adopted orphans. True once the program is among them. */
static bool reap(pid_t program, int *ret_status) {
    bool ended = false;
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        if (pid != program)
            continue;
        *ret_status = status;
        ended = true;
    }
    return ended;
}

/* A queue that tells of SIGCHLD and of the SIGTERM that is for the program. */
static int make_queue(void) {
    struct kevent changes[2];
    int queue = kqueue();
    EV_SET(&changes[0], SIGCHLD, EVFILT_SIGNAL, EV_ADD, 0, 0, NULL);
    EV_SET(&changes[1], SIGTERM, EVFILT_SIGNAL, EV_ADD, 0, 0, NULL);
    if (queue < 0 || kevent(queue, changes, 2, NULL, 0, NULL) < 0)
        err(FAILED, "kqueue");
    return queue;
}

static int await_program(int queue, pid_t program) {
    struct kevent event;
    int status = 0;
    while (!reap(program, &status))
        if (kevent(queue, NULL, 0, &event, 1, NULL) == 1 && event.ident == SIGTERM)
            (void)kill(program, SIGTERM); // our child, not reaped: its pid is its own
    return status;
}

static bool has_descendants(void) {
    struct procctl_reaper_status status;
    return fp_reaper_status(&status) && status.rs_descendants > 0;
}

static long left(const struct timespec *end) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return end->tv_sec - now.tv_sec;
}

/* Those that have not ended by themselves; more than there is room for are not counted. */
static void tell_of_the_others(void) {
    static struct procctl_reaper_pidinfo others[256];
    int alive = 0;
    long count = fp_reaper_list(others, sizeof others / sizeof *others);
    for (long i = 0; i < count; i++)
        alive += !(others[i].pi_flags & REAPER_PIDINFO_ZOMBIE);
    if (alive > 0)
        warnx("left behind, and ended: %d processes", alive);
}

static void end_the_others(int queue) {
    const struct timespec second = {1, 0};
    struct timespec end;
    struct kevent event;
    int unused;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += GRACE;
    (void)fp_reaper_signal(SIGTERM);
    while ((void)reap(0, &unused), has_descendants()) {
        if (left(&end) <= 0)
            (void)fp_reaper_signal(SIGKILL);
        (void)kevent(queue, NULL, 0, &event, 1, &second);
    }
}

int main(int argc, char **argv) {
    sigset_t wanted, before;
    if (argc < 2)
        errx(FAILED, "usage: forkproof-hold PROGRAM [ARGUMENT]...");
    if (fp_reaper_become() < 0)
        err(FAILED, "it cannot be held");
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGCHLD);
    sigaddset(&wanted, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &wanted, &before); // told by the queue all the same
    (void)signal(SIGINT, SIG_IGN);                  // the terminal's are for the program
    (void)signal(SIGQUIT, SIG_IGN);
    int queue = make_queue(); // not inherited by fork
    pid_t program = fork();
    if (program < 0)
        err(FAILED, "fork");
    if (program == 0)
        become(argv + 1, &before);
    int status = await_program(queue, program);
    tell_of_the_others();
    end_the_others(queue);
    return status_of(status);
}
