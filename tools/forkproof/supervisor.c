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
#include "orders.h"
#include "proc.h"
#include "settle.h"
#include "teardown.h"
#include "values.h"

/* How often those are looked at that may be about to end, and how long at most. */
#define SETTLE_LOOK_NS (FP_SECOND / 500)
#define SETTLE_NS (2 * FP_SECOND)
/* A root that SIGKILL does not end in this time is left to the end of all members. */
#define ROOT_STUCK_NS FP_SECOND

struct supervisor {
    struct fp_run *run;
    struct fp_facts *facts;
    struct fp_teardown teardown;
    struct fp_orders orders;
    struct fp_control control;
    int64_t asked_until; /* the end of the grace; 0: it has not begun */
    int link, signal_fd, barrier_fd, result_fd;
    bool root_stopped, guard_gone, guard_concludes;
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

/* The program, waiting at the barrier. In the caller's process group and session, as we still are.
 */
static int fork_root(struct supervisor *s) {
    int barrier[2], result[2];
    if (pipe2(barrier, O_CLOEXEC) < 0 || pipe2(result, O_CLOEXEC) < 0)
        return fail(s, errno, "pipe");
    pid_t pid = fp_contain_fork(&s->run->contain);
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
    fp_run_note_rung(s->run);
    return 0;
}

static void tell(struct supervisor *s, enum fp_message_type type, int sig) {
    if (!s->guard_gone && fp_link_send(s->link, (struct fp_message){.type = type, .sig = sig}) < 0)
        s->guard_gone = true;
}

static void forward(struct supervisor *s, const struct fp_message *m) {
    if (!s->facts->root_ended)
        (void)fp_member_signal_child(s->facts->root, m->sig, m->has_value ? &m->value : NULL);
    else if (m->sig == SIGTERM || m->sig == SIGINT)
        s->orders.ask++; /* it crossed the news of the root's end */
}

/* A signal to the group before there is a witness would be taken for one to the guard alone. */
static bool guard_is_ready(struct supervisor *s) {
    struct fp_message m;
    int r;
    while ((r = fp_link_receive(s->link, &m)) >= 0) {
        if (r == 0)
            poll(&(struct pollfd){.fd = s->link, .events = POLLIN}, 1, -1);
        else if (m.type == FP_MESSAGE_READY)
            return true;
        else if (m.type == FP_MESSAGE_FORWARD)
            forward(s, &m);
    }
    s->guard_gone = true;
    return false;
}

static int start(struct supervisor *s) {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    s->facts->supervisor = getpid();
    s->signal_fd = fp_fds_signals();
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
    fp_attribution_begin(s->run);
    fp_audit_begin(s->run);
    fp_pids_enter(&s->run->pids, s->facts->root);
    if (s->run->is_weaker)
        tell(s, FP_MESSAGE_PLACED, 0);
    if (!guard_is_ready(s))
        return 0;
    s->facts->control_error = -fp_control_open(&s->control, s->run->rundir.fd);
    s->facts->started_ns = fp_now();
    clock_gettime(CLOCK_REALTIME, &s->facts->began);
    return write(s->barrier_fd, "g", 1) == 1 ? 0 : fail(s, errno, "pipe");
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

/* Also one that a debugger looks at. */
static bool is_still_stopped(pid_t pid) {
    struct fp_proc_stat stat;
    return fp_proc_stat(pid, &stat) == 0 && (stat.state == 'T' || stat.state == 't');
}

/*
 * One word at a time: a stopped guard reads nothing, and the link must not fill up. None of a stop
 * that is over: the news may come after the SIGCONT, and the guard would stop for nothing.
 */
static void root_stopped(struct supervisor *s, int sig) {
    if (!is_still_stopped(s->facts->root))
        return;
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
    if (WIFEXITED(status) || WIFSIGNALED(status))
        fp_attribution_reaped(s->run, pid);
    if (pid != s->facts->root || s->facts->root_ended)
        return;
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
        root_ended(s, status, usage);
    } else if (WIFSTOPPED(status) && !s->orders.pause.on) {
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
            fp_orders_ask(&s->orders);
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

/* -1: never. */
static int sooner(int a, int b) {
    return b >= 0 && (a < 0 || b < a) ? b : a;
}

/* One wake-up: children, the exec's result, the guard's messages. deadline 0: none. */
static void pump(struct supervisor *s, int64_t deadline, bool watch_rung) {
    struct signalfd_siginfo info;
    struct pollfd fds[4 + FP_CONTROL_FDS] = {
        {.fd = s->signal_fd, .events = POLLIN},
        {.fd = s->guard_gone ? -1 : s->link, .events = POLLIN},
        {.fd = s->result_fd, .events = POLLIN},
        {.fd = watch_rung ? s->run->contain.events_fd : -1, .events = s->run->contain.wake},
    };
    bool nag = s->facts->stop_told && !s->root_stopped;
    int timeout = deadline ? milliseconds_until(deadline) : -1;
    timeout = sooner(timeout, nag ? FP_CONTINUE_AGAIN_MS : -1);
    timeout = sooner(timeout, fp_control_watch(&s->control, fds + 4));
    int n = fp_fds_poll(fds, sizeof fds / sizeof fds[0], timeout);
    if (n == 0 && nag)
        continue_guard(s);
    if (fds[2].revents)
        read_result(s);
    if (fds[3].revents)
        fp_teardown_check_rung(&s->teardown);
    while (read(s->signal_fd, &info, sizeof info) > 0)
        ;
    (void)fp_teardown_reap(&s->teardown, child_changed, s);
    if (fds[1].revents)
        read_link(s);
    fp_control_serve(&s->control, fds + 4, fp_orders_obey, &s->orders);
}

/* What is stopped by order could not end. */
static void begin_ending(struct supervisor *s) {
    s->orders.ending = true;
    s->teardown.keeping = s->run->cli.keep_count > 0;
    fp_pause_end(&s->orders.pause, &s->teardown);
}

static void kill_everything(struct supervisor *s) {
    begin_ending(s);
    fp_control_close(&s->control);
    if (fp_run_ends_members(s->run))
        fp_teardown_kill(&s->teardown, child_changed, s);
    else
        fp_teardown_leave(&s->teardown);
    fp_teardown_keep(&s->teardown);
}

static bool grace_is_left(const struct supervisor *s) {
    return fp_now() < s->asked_until && !s->orders.ask && !s->guard_gone;
}

/* True when they are asked; without a grace for any that were asked before. */
static bool ask(struct supervisor *s) {
    const struct fp_cli *cli = &s->run->cli;
    if (cli->signal == SIGKILL || s->guard_gone)
        return false;
    if (!s->asked_until)
        s->asked_until = fp_now() + cli->grace_ns;
    fp_teardown_ask(&s->teardown, cli->signal);
    return true;
}

/* Asks, waits, kills. */
static void end_leftovers(struct supervisor *s) {
    if (ask(s))
        while (grace_is_left(s)) {
            if (fp_teardown_is_empty(&s->teardown)) {
                fp_teardown_list(&s->teardown); /* those that others have reaped are over */
                return;
            }
            pump(s, s->asked_until, true);
        }
    fp_control_close(&s->control);
    fp_teardown_kill(&s->teardown, child_changed, s);
}

/* --until=empty: until nothing is left by itself, or somebody asks for the end. */
static void wait_until_empty(struct supervisor *s) {
    while (!s->orders.ask && !s->guard_gone && !fp_teardown_is_empty(&s->teardown))
        pump(s, 0, true);
    if (s->orders.ask)
        s->orders.ask--;
    s->facts->waited_ns = fp_now() - s->facts->root_ended_ns;
}

/*
 * Until a look shows nobody new: a member that ends during one hides its children, which come to us
 * after we have looked at ours. Unseen, they would be asked for nothing and killed after the grace
 * (R22).
 */
static void record_leftovers(struct supervisor *s) {
    const struct fp_facts *facts = s->facts;
    bool news = true;
    for (int looks = 1; news && !fp_teardown_is_empty(&s->teardown); looks++) {
        uint32_t before = facts->left_total + facts->kept_total;
        (void)fp_teardown_list(&s->teardown);
        fp_teardown_record(&s->teardown, false);
        news = looks == 1 || facts->left_total + facts->kept_total != before;
        news &= !facts->uncounted; /* whom we cannot remember would be news again and again */
    }
}

/* An audit tells of each that was left: then of none that was about to end. */
static void let_settle(struct supervisor *s) {
    struct fp_settling settling = {.count = 0};
    int64_t deadline = fp_now() + SETTLE_NS;
    while (!s->orders.ask && !s->guard_gone && fp_now() < deadline &&
           !fp_teardown_is_empty(&s->teardown) && fp_settle_look(&settling, &s->teardown))
        pump(s, fp_now() + SETTLE_LOOK_NS, true);
}

static void after_root(struct supervisor *s) {
    read_result(s);
    s->teardown.root_over = true;
    s->teardown.keeping = s->run->cli.keep_count > 0;
    if (s->run->cli.until == FP_UNTIL_EMPTY && !s->orders.end)
        wait_until_empty(s);
    begin_ending(s);
    if (s->run->cli.is_audit)
        let_settle(s);
    record_leftovers(s);
    if (!fp_run_ends_members(s->run))
        fp_teardown_leave(&s->teardown);
    else if (!fp_teardown_is_empty(&s->teardown))
        end_leftovers(s);
    fp_teardown_keep(&s->teardown);
}

/* Where members are left alone the order is for the root. */
static void ask_root(struct supervisor *s) {
    s->asked_until = fp_now() + s->run->cli.grace_ns;
    (void)fp_member_signal_child(s->facts->root, s->run->cli.signal, NULL);
    (void)fp_member_signal_child(s->facts->root, SIGCONT, NULL);
}

static bool has_obeyed(struct supervisor *s) {
    return s->facts->root_ended &&
           (!fp_run_ends_members(s->run) || fp_teardown_is_empty(&s->teardown));
}

/* By order: the root is asked with all the others, and what is left then was left behind. */
static void end_with_root(struct supervisor *s) {
    begin_ending(s);
    (void)fp_teardown_list(&s->teardown);
    if (!fp_run_ends_members(s->run))
        ask_root(s);
    else
        (void)ask(s);
    while (grace_is_left(s) && !has_obeyed(s))
        pump(s, s->asked_until, s->facts->root_ended);
    if (!s->facts->root_ended)
        (void)fp_member_signal_child(s->facts->root, SIGKILL, NULL);
    int64_t deadline = fp_now() + ROOT_STUCK_NS;
    while (!s->facts->root_ended && !s->guard_gone && fp_now() < deadline)
        pump(s, deadline, false);
}

static _Noreturn void finish(struct supervisor *s) {
    fp_control_close(&s->control);
    /* Beside those that are kept, one that ended at the very last is not missed. */
    (void)fp_teardown_reap(&s->teardown, child_changed, s);
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
        (void)fp_audit_conclude(s->run, s->signal_fd);
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
    s.orders.teardown = &s.teardown;
    s.control = FP_CONTROL_CLOSED;
    s.teardown.scope = (struct fp_scope){.top = getpid(),
                                         .contain = &run->contain,
                                         .never = {run->facts->guard, run->facts->keeper}};
    int r = start(&s);
    if (s.barrier_fd >= 0)
        close(s.barrier_fd);
    while (r == 0 && !s.facts->root_ended && !s.guard_gone && !s.orders.end)
        pump(&s, 0, false);
    if (r == 0 && s.orders.end && !s.facts->root_ended && !s.guard_gone)
        end_with_root(&s);
    if (r == 0 && s.facts->root_ended)
        after_root(&s);
    else if (s.facts->root > 0)
        kill_everything(&s);
    finish(&s);
}
