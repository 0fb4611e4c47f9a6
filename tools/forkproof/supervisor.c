#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fds.h"
#include "launch.h"
#include "link.h"
#include "proc.h"
#include "teardown.h"
#include "values.h"

/* Until the guard says that it runs again it is told to, so often. */
#define CONTINUE_AGAIN_MS 50

struct supervisor {
    struct fp_run *run;
    struct fp_facts *facts;
    struct fp_teardown teardown;
    int link, signal_fd, barrier_fd, result_fd;
    bool root_stopped, guard_gone, guard_concludes, hurry;
    int stop_again; /* the signal of a stop that it has not been told of yet */
};

static int fail(struct supervisor *s, int error, const char *what) {
    s->facts->failed = error;
    snprintf(s->facts->failed_at, sizeof s->facts->failed_at, "%s", what);
    return -error;
}

static void continue_guard(struct supervisor *s) {
    if (s->run->guard_fd >= 0)
        (void)fp_member_signal_pidfd(s->run->guard_fd, SIGCONT);
}

static int open_signals(void) {
    sigset_t all;
    sigfillset(&all);
    return signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* The program, waiting at the barrier. In the caller's process group and session, as we still are.
 */
static int fork_root(struct supervisor *s) {
    int barrier[2], result[2];
    if (pipe2(barrier, O_CLOEXEC) < 0 || pipe2(result, O_CLOEXEC) < 0)
        return fail(s, errno, "pipe");
    pid_t pid = fork();
    if (pid == 0) {
        close(barrier[1]);
        close(result[0]);
        close(s->link);
        fp_launch(s->run, barrier[0], result[1]);
    }
    close(barrier[0]);
    close(result[1]);
    if (pid < 0)
        return fail(s, errno, "fork");
    s->facts->root = pid;
    s->barrier_fd = barrier[1];
    s->result_fd = result[0];
    return 0;
}

/* A SIGKILL to the caller's process group must not take us along. */
static void leave_caller(struct supervisor *s) {
    struct fp_run *run = s->run;
    setsid();
    prctl(PR_SET_NAME, "fp-supervisor");
    (void)!chdir("/");
    fp_fds_to_null(7);
    run->stderr_fd = -1;
    int own[] = {s->link, s->signal_fd, s->barrier_fd, s->result_fd};
    fp_run_keep_only(run, own, sizeof own / sizeof own[0]);
}

static void write_run_file(struct supervisor *s) {
    struct fp_proc_stat guard = {0}, keeper = {0}, self = {0};
    struct fp_contain *contain = &s->run->contain;
    (void)fp_proc_stat(s->facts->guard, &guard);
    (void)fp_proc_stat(s->facts->keeper, &keeper);
    (void)fp_proc_stat(getpid(), &self);
    struct fp_rundir_keepers keepers = {
        .guard = s->facts->guard,
        .guard_start = guard.start,
        .keeper = s->facts->keeper,
        .keeper_start = keeper.start,
        .supervisor = getpid(),
        .supervisor_start = self.start,
        .root = s->facts->root,
        .rung = contain->ops->name,
        .cgroup = contain->ops == &fp_contain_cgroup ? contain->directory : "",
    };
    (void)fp_rundir_write(&s->run->rundir, &keepers);
}

static int enter_rung(struct supervisor *s) {
    struct fp_contain *contain = &s->run->contain;
    char why[160];
    int r = fp_contain_enter(contain, s->facts->root);
    if (r < 0) {
        if (s->run->cli.strict)
            return fail(s, -r, "cannot enter the cgroup (--strict)");
        snprintf(why, sizeof why, "cannot enter the cgroup: %s", strerror(-r));
        fp_contain_weaken(contain, why);
    }
    s->facts->rung = contain->ops->rung;
    memcpy(s->facts->why_not, contain->why_not, sizeof s->facts->why_not);
    return 0;
}

/* A signal to the group before there is a witness would be taken for one to the guard alone. */
static bool guard_is_ready(struct supervisor *s) {
    struct fp_message m;
    int r;
    while ((r = fp_link_receive(s->link, &m)) == 0)
        poll(&(struct pollfd){.fd = s->link, .events = POLLIN}, 1, -1);
    s->guard_gone = r < 0;
    return r > 0;
}

static int start(struct supervisor *s) {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    s->facts->supervisor = getpid();
    s->signal_fd = open_signals();
    if (s->signal_fd < 0)
        return fail(s, errno, "signalfd");
    int r = fork_root(s);
    if (r < 0)
        return r;
    leave_caller(s);
    s->teardown.signal_fd = s->signal_fd;
    r = enter_rung(s);
    if (r < 0)
        return r;
    write_run_file(s);
    if (!guard_is_ready(s))
        return 0;
    s->facts->started_ns = fp_now();
    clock_gettime(CLOCK_REALTIME, &s->facts->began);
    return write(s->barrier_fd, "g", 1) == 1 ? 0 : fail(s, errno, "pipe");
}

static void tell(struct supervisor *s, enum fp_message_type type, int sig) {
    if (!s->guard_gone && fp_link_send(s->link, (struct fp_message){.type = type, .sig = sig}) < 0)
        s->guard_gone = true;
}

static void root_ended(struct supervisor *s, int status, const struct rusage *usage) {
    s->facts->root_ended_ns = fp_now();
    s->facts->root_status = status;
    s->facts->root_usage = *usage;
    s->facts->root_ended = true;
    s->root_stopped = false;
    tell(s, FP_MESSAGE_ENDED, 0);
    if (s->facts->stop_told)
        continue_guard(s);
}

/* One word at a time: a stopped guard reads nothing, and the link must not fill up. */
static void root_stopped(struct supervisor *s, int sig) {
    s->root_stopped = true;
    if (s->facts->stop_told) {
        s->stop_again = sig;
        return;
    }
    s->facts->stop_told = true;
    tell(s, FP_MESSAGE_STOPPED, sig);
}

static void child_changed(void *data, pid_t pid, int status, const struct rusage *usage) {
    struct supervisor *s = data;
    if (pid != s->facts->root || s->facts->root_ended)
        return;
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
        root_ended(s, status, usage);
    } else if (WIFSTOPPED(status)) {
        root_stopped(s, WSTOPSIG(status));
    } else if (WIFCONTINUED(status)) {
        s->root_stopped = false;
        s->stop_again = 0;
        if (s->facts->stop_told)
            continue_guard(s);
    }
}

/* End of file: the exec succeeded, or the child was killed before it. */
static void read_result(struct supervisor *s) {
    if (s->result_fd < 0)
        return;
    ssize_t n = read(s->result_fd, &s->facts->failed, sizeof s->facts->failed);
    s->facts->exec_failed = n == (ssize_t)sizeof s->facts->failed;
    s->facts->root_started = !s->facts->exec_failed;
    close(s->result_fd);
    s->result_fd = -1;
}

static void forward(struct supervisor *s, const struct fp_message *m) {
    if (!s->facts->root_ended)
        (void)fp_member_signal_child(s->facts->root, m->sig, m->has_value ? &m->value : NULL);
    else if (m->sig == SIGTERM || m->sig == SIGINT)
        s->hurry = true; /* it crossed the news of the root's end */
}

/* A shell continues the guard's group; a root that has left it would stay stopped. */
static void guard_resumed(struct supervisor *s) {
    struct fp_proc_stat stat;
    int again = s->stop_again;
    s->facts->stop_told = false;
    s->stop_again = 0;
    if (again)
        root_stopped(s, again);
    else if (s->root_stopped && fp_proc_stat(s->facts->root, &stat) == 0 && stat.state == 'T' &&
             stat.pgrp != getpgid(s->facts->guard))
        (void)fp_member_signal_child(s->facts->root, SIGCONT, NULL);
}

static void read_link(struct supervisor *s) {
    struct fp_message m;
    int r;
    while ((r = fp_link_receive(s->link, &m)) > 0) {
        if (m.type == FP_MESSAGE_FORWARD)
            forward(s, &m);
        else if (m.type == FP_MESSAGE_RESUMED)
            guard_resumed(s);
        else if (m.type == FP_MESSAGE_HURRY)
            s->hurry = true;
        else if (m.type == FP_MESSAGE_CONCLUDE)
            s->guard_concludes = true;
    }
    if (r < 0)
        s->guard_gone = true;
}

static int milliseconds_until(int64_t deadline) {
    int64_t left = deadline - fp_now();
    if (left <= 0)
        return 0;
    left = (left + 999999) / 1000000;
    return left > 1000000 ? 1000000 : (int)left;
}

/* One wake-up: children, the exec's result, the guard's messages. deadline 0: none. */
static void pump(struct supervisor *s, int64_t deadline, bool watch_rung) {
    struct signalfd_siginfo info;
    struct pollfd fds[] = {
        {.fd = s->signal_fd, .events = POLLIN},
        {.fd = s->guard_gone ? -1 : s->link, .events = POLLIN},
        {.fd = s->result_fd, .events = POLLIN},
        {.fd = watch_rung ? s->run->contain.events_fd : -1, .events = POLLPRI},
    };
    int timeout = deadline ? milliseconds_until(deadline) : -1;
    bool nag = s->facts->stop_told && !s->root_stopped;
    if (nag && (timeout < 0 || timeout > CONTINUE_AGAIN_MS))
        timeout = CONTINUE_AGAIN_MS;
    int n = poll(fds, sizeof fds / sizeof fds[0], timeout);
    if (n == 0 && nag)
        continue_guard(s);
    if (fds[2].revents)
        read_result(s);
    while (read(s->signal_fd, &info, sizeof info) > 0)
        ;
    (void)fp_teardown_reap(&s->teardown, child_changed, s);
    if (fds[1].revents)
        read_link(s);
}

static void kill_everything(struct supervisor *s) {
    if (fp_run_ends_members(s->run))
        fp_teardown_kill(&s->teardown, child_changed, s);
    else
        fp_teardown_leave(&s->teardown);
}

/* Asks, waits, kills. */
static void end_leftovers(struct supervisor *s) {
    struct fp_cli *cli = &s->run->cli;
    if (cli->signal != SIGKILL && !s->guard_gone) {
        fp_teardown_ask(&s->teardown, cli->signal);
        int64_t deadline = fp_now() + cli->grace_ns;
        while (fp_now() < deadline && !s->hurry && !s->guard_gone) {
            if (fp_teardown_is_empty(&s->teardown))
                return;
            pump(s, deadline, true);
        }
    }
    fp_teardown_kill(&s->teardown, child_changed, s);
}

static void after_root(struct supervisor *s) {
    read_result(s);
    s->teardown.root_over = true;
    if (fp_teardown_list(&s->teardown) > 0)
        fp_teardown_record(&s->teardown, false);
    if (!fp_run_ends_members(s->run))
        fp_teardown_leave(&s->teardown);
    else if (!fp_teardown_is_empty(&s->teardown))
        end_leftovers(s);
}

static _Noreturn void finish(struct supervisor *s) {
    fp_contain_close(&s->run->contain);
    s->facts->finished_ns = fp_now();
    /* A guard that is stopped cannot take its leave. */
    while (s->facts->stop_told && !s->guard_gone)
        pump(s, 0, false);
    tell(s, FP_MESSAGE_DONE, 0);
    /* A guard that was just killed still takes messages for a moment; only an answer counts. */
    while (!s->guard_gone && !s->guard_concludes)
        pump(s, 0, false);
    if (!s->guard_concludes) {
        s->facts->guard_lost = true;
        fp_run_conclude(s->run);
    }
    exit(0);
}

_Noreturn void fp_supervisor_main(struct fp_run *run, int link) {
    struct supervisor s = {.run = run,
                           .facts = run->facts,
                           .link = link,
                           .signal_fd = -1,
                           .barrier_fd = -1,
                           .result_fd = -1};
    s.teardown = (struct fp_teardown){.run = run, .signal_fd = -1};
    s.teardown.scope = (struct fp_scope){.top = getpid(),
                                         .contain = &run->contain,
                                         .never = {run->facts->guard, run->facts->keeper}};
    int r = start(&s);
    if (s.barrier_fd >= 0)
        close(s.barrier_fd);
    while (r == 0 && !s.facts->root_ended && !s.guard_gone)
        pump(&s, 0, false);
    if (r == 0 && s.facts->root_ended)
        after_root(&s);
    else if (s.facts->root > 0)
        kill_everything(&s);
    finish(&s);
}
