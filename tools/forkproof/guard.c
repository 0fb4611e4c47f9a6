#include "guard.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contract.h"
#include "fds.h"
#include "keeper.h"
#include "link.h"
#include "proc.h"
#include "report/report.h"
#include "say.h"
#include "teardown.h"
#include "terminal.h"
#include "witness.h"

struct guard {
    struct fp_run *run;
    struct fp_witness witness;
    int link, signal_fd;
    pid_t keeper; /* 0: reaped */
    bool alone;   /* neither keeper nor supervisor is left */
    bool done, root_ended;
    bool lends_terminal; /* to a program that cannot name the group to give it back to */
    bool terminal_int, terminal_quit; /* the terminal sent it to us as well */
};

/* Signals that the kernel sends to a whole process group on a terminal's behalf. */
static bool is_from_terminal(int sig) {
    switch (sig) {
    case SIGINT:
    case SIGQUIT:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
    case SIGHUP:
    case SIGCONT:
    case SIGWINCH:
        return true;
    default:
        return false;
    }
}

static bool is_ours(const struct guard *g, pid_t pid) {
    return pid == g->run->facts->keeper || pid == g->run->facts->supervisor;
}

/*
 * Of what the kernel sends to us alone, two things are meant for the program: an alarm, which the
 * caller set before it became us; and the news that the terminal is gone, which the leader of a
 * session gets alone.
 */
static bool is_for_root(struct guard *g, const struct signalfd_siginfo *info) {
    int sig = (int)info->ssi_signo;
    bool group = fp_witness_saw(&g->witness, sig);
    if (info->ssi_code == SI_KERNEL)
        return sig == SIGALRM || (!group && (sig == SIGHUP || sig == SIGCONT));
    if (sig == SIGCONT && is_ours(g, (pid_t)info->ssi_pid))
        return false;
    return !group;
}

static void ask_for_hurry(struct guard *g, const struct signalfd_siginfo *info, bool alone) {
    int sig = (int)info->ssi_signo;
    bool meant = alone || info->ssi_code == SI_KERNEL || g->run->cli.until == FP_UNTIL_EMPTY;
    if ((sig == SIGTERM || sig == SIGINT) && meant)
        (void)fp_link_send(g->link, (struct fp_message){.type = FP_MESSAGE_HURRY});
}

static void stop(struct guard *g, int sig) {
    fp_terminal_stop(sig, g->root_ended ? 0 : g->run->facts->root);
    (void)fp_link_send(g->link, (struct fp_message){.type = FP_MESSAGE_RESUMED});
}

static bool is_stop(int sig) {
    return sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU;
}

static void take_signal(struct guard *g, const struct signalfd_siginfo *info) {
    int sig = (int)info->ssi_signo;
    bool alone = is_for_root(g, info);
    if (info->ssi_code == SI_KERNEL && is_from_terminal(sig)) {
        g->terminal_int |= sig == SIGINT;
        g->terminal_quit |= sig == SIGQUIT;
    }
    if (g->root_ended && g->run->cli.until == FP_UNTIL_EMPTY && is_stop(sig)) {
        stop(g, sig);
    } else if (g->root_ended) {
        ask_for_hurry(g, info, alone);
    } else if (alone) {
        bool queued = info->ssi_code == SI_QUEUE;
        (void)fp_link_send(g->link, (struct fp_message){.type = FP_MESSAGE_FORWARD,
                                                        .sig = sig,
                                                        .value = info->ssi_int,
                                                        .has_value = queued});
    }
}

/* The supervisor is our child once the keeper was killed. */
static void child_changed(struct guard *g, pid_t pid, int status) {
    if (WIFSTOPPED(status)) {
        if (is_ours(g, pid))
            (void)fp_member_signal_child(pid, SIGCONT, NULL);
    } else if (pid == g->keeper) {
        g->keeper = 0;
        g->run->facts->keeper_lost = WIFSIGNALED(status);
    } else if (pid == g->witness.pid) {
        fp_witness_died(&g->witness);
    }
}

static void reap(struct guard *g) {
    pid_t pid;
    int status;
    while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED | __WALL)) > 0)
        child_changed(g, pid, status);
}

/* One at a time: what is still pending must be seen to be pending. */
static void read_signals(struct guard *g) {
    struct signalfd_siginfo info;
    while (read(g->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGCHLD)
            reap(g);
        else
            take_signal(g, &info);
    }
}

/*
 * What is left running goes past us to whoever takes orphans in outside: with us for a parent in
 * its session it would be orphaned once more by our end, and that hangs up a group that is stopped.
 */
static void take_over_the_end(struct guard *g) {
    g->done = true;
    if (!fp_run_ends_members(g->run))
        prctl(PR_SET_CHILD_SUBREAPER, 0);
    (void)fp_link_send(g->link, (struct fp_message){.type = FP_MESSAGE_CONCLUDE});
}

static int let_start(struct guard *g) {
    return fp_link_send(g->link, (struct fp_message){.type = FP_MESSAGE_READY});
}

/* Not before: of a program that cannot be started the reason for that says all. */
static void tell_rung(struct guard *g) {
    fp_run_tell_rung(g->run);
    (void)let_start(g);
}

static void read_link(struct guard *g) {
    struct fp_message m;
    int r;
    while ((r = fp_link_receive(g->link, &m)) > 0) {
        if (m.type == FP_MESSAGE_STOPPED) {
            stop(g, m.sig);
            read_signals(g); /* they came before what the link says next */
        } else if (m.type == FP_MESSAGE_PLACED) {
            tell_rung(g);
        } else if (m.type == FP_MESSAGE_ENDED) {
            g->root_ended = true;
        } else if (m.type == FP_MESSAGE_DONE) {
            take_over_the_end(g);
        }
    }
    if (r < 0)
        g->alone = true;
}

/* Nothing is left that the keeper could be needed for. Without it the supervisor is our child. */
static void dismiss(struct guard *g) {
    if (g->keeper)
        (void)fp_member_signal_child(g->keeper, SIGKILL, NULL);
}

/* A number of 0 is nobody's here. */
static void wait_for(pid_t pid) {
    int status;
    while (pid) {
        pid_t changed = waitpid(pid, &status, WUNTRACED | __WALL);
        if (changed == pid && WIFSTOPPED(status))
            (void)fp_member_signal_child(pid, SIGCONT, NULL);
        else if (changed == pid || errno != EINTR)
            return;
    }
}

static void wait_for_end(struct guard *g) {
    while (!g->done && !g->alone) {
        struct pollfd fds[] = {
            {.fd = g->signal_fd, .events = POLLIN},
            {.fd = g->link, .events = POLLIN},
            {.fd = g->run->audit.stall.over_fd, .events = POLLIN},
        };
        (void)fp_fds_poll(fds, 3, -1);
        /* Signals first, also those that came while poll looked: one that came before the root's
         * end is not one that came after it. */
        read_signals(g);
        if (fds[1].revents)
            read_link(g);
        if (fds[2].revents && fp_stall_ends_run(&g->run->audit.stall))
            (void)fp_link_send(g->link, (struct fp_message){.type = FP_MESSAGE_HURRY});
    }
    fp_stall_stop(&g->run->audit.stall);
    /* What was said before the end counts. */
    if (!g->done)
        read_link(g);
    /* While orphans go past us the keeper must be there to reap the supervisor. It then ends. */
    if (g->done && fp_run_ends_members(g->run))
        dismiss(g);
    wait_for(g->keeper);
    fp_witness_stop(&g->witness); /* first, in case it has the number that the supervisor had */
    wait_for(g->run->facts->supervisor);
}

/* Keeper and supervisor were both killed: the orphans have come to us. */
static void end_orphans(struct guard *g) {
    struct fp_run *run = g->run;
    struct fp_teardown t = {.run = run, .signal_fd = g->signal_fd, .root_over = g->root_ended};
    t.scope = (struct fp_scope){.top = getpid(),
                                .contain = &run->contain,
                                .strangers = &run->strangers,
                                .marker = run->marker};
    if (!g->done) {
        run->facts->keeper_lost = run->facts->supervisor_lost = true;
        fp_teardown_orphans(&t);
    }
    fp_members_free(&t.now);
    fp_members_free(&t.seen);
    fp_members_free(&t.kept);
}

/* The init of a pid namespace is our child, and the supervisor, who has ended it, cannot reap it.
 */
static void bury_init(struct fp_run *run) {
    if (run->contain.init > 0)
        fp_contain_close(&run->contain);
}

/* A directory of PATH that we may not search makes execvp say EACCES; shells say "not found". */
static bool was_not_found(const struct fp_run *run) {
    int error = run->facts->failed;
    return run->facts->exec_failed && (error == ENOENT || (error == EACCES && run->image.nowhere));
}

static int exit_status(const struct fp_run *run) {
    const struct fp_facts *facts = run->facts;
    if (facts->exec_failed)
        return was_not_found(run) ? FP_EXIT_NOT_FOUND : FP_EXIT_CANNOT_EXECUTE;
    if (facts->failed || !facts->root_ended)
        return FP_EXIT_FAILED;
    return WIFSIGNALED(facts->root_status) ? 128 + WTERMSIG(facts->root_status)
                                           : WEXITSTATUS(facts->root_status);
}

static void say_how_it_failed(const struct fp_run *run) {
    const struct fp_facts *facts = run->facts;
    const char *program = run->cli.program[0];
    if (was_not_found(run) && run->image.path && *run->image.why)
        fp_say("cannot execute %s: %s", program, run->image.why);
    else if (was_not_found(run))
        fp_say("program not found: %s", program);
    else if (facts->exec_failed)
        fp_say("cannot execute %s: %s", program,
               strerror(run->image.directory ? EISDIR : facts->failed));
    else if (facts->failed)
        fp_say("cannot start %s: %s: %s", program, facts->failed_at, strerror(facts->failed));
    else if (facts->supervisor_lost)
        fp_say("supervisor was killed; everything that was left of %s was ended", program);
}

/* Those who asked for a rung are told when it was lost on the way. */
static void say_what_was_lost(const struct fp_run *run) {
    const struct fp_facts *facts = run->facts;
    bool asked = run->cli.strict || run->cli.contain != FP_RUNG_AUTO;
    if (asked && facts->rung < run->contain.ops->rung && !run->cli.quiet)
        fp_say("contained by %s only: %s", fp_rung_name(facts->rung), facts->why_not);
}

/* A calling shell that saw Ctrl-C end the program leaves its loop, as it would have bare. */
static void die_as_root(const struct guard *g) {
    const struct fp_facts *facts = g->run->facts;
    if (!facts->root_ended || !WIFSIGNALED(facts->root_status))
        return;
    int sig = WTERMSIG(facts->root_status);
    if ((sig == SIGINT && g->terminal_int) || (sig == SIGQUIT && g->terminal_quit))
        fp_terminal_die(sig);
}

static void leave_standard_to_root(struct guard *g) {
    struct fp_run *run = g->run;
    fp_fds_to_null(7);
    fp_say_to(run->stderr_fd);
    int own[] = {g->link, g->signal_fd, run->stderr_fd};
    fp_run_keep_only(run, own, sizeof own / sizeof own[0]);
}

static int start_keeper(struct guard *g) {
    int ends[2];
    int r = fp_link_open(ends);
    if (r < 0)
        return r;
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        close(g->signal_fd);
        fp_keeper_main(g->run, ends[1]);
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return -errno;
    }
    g->keeper = pid;
    g->link = ends[0];
    return 0;
}

/* The witness is made while the program is: nothing is started before it is there. */
static int start(struct guard *g) {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    g->run->facts->guard = getpid();
    g->run->guard_fd = fp_member_open(getpid());
    g->lends_terminal = g->run->contain.init && fp_terminal_is_ours();
    g->signal_fd = fp_fds_signals();
    if (g->signal_fd < 0)
        return -errno;
    int r = start_keeper(g);
    if (r < 0)
        return r;
    r = fp_witness_start(&g->witness);
    return r < 0 || g->run->is_weaker ? r : let_start(g);
}

/* A keeper that is there already sees the link's end, and concludes. */
static int fail(struct guard *g, int error) {
    struct fp_run *run = g->run;
    fp_say("cannot start %s: %s", run->cli.program[0], strerror(error));
    run->facts->failed = error;
    if (g->keeper) {
        close(g->link);
        wait_for(g->keeper);
        fp_witness_stop(&g->witness);
    } else {
        fp_contain_close(&run->contain);
        fp_run_conclude(run);
        fp_audit_discard(run);
    }
    return FP_EXIT_FAILED;
}

int fp_guard_main(struct fp_run *run) {
    struct guard g = {.run = run, .link = -1, .signal_fd = -1};
    g.witness.argv = run->argv;
    int r = start(&g);
    if (r < 0 && r != -EPIPE)
        return fail(&g, -r);
    leave_standard_to_root(&g);
    fp_audit_watch(run);
    wait_for_end(&g);
    end_orphans(&g);
    bury_init(run);
    if (g.lends_terminal)
        fp_terminal_take_back();
    say_how_it_failed(run);
    say_what_was_lost(run);
    if (!run->cli.quiet) {
        fp_report_closing(run);
        fp_report_kept(run);
    }
    fp_run_conclude(run);
    int verdict = fp_audit_conclude(run, g.signal_fd);
    die_as_root(&g);
    if (run->audit.stall.is_over) /* what the program ended by was ours */
        return verdict ? verdict : run->cli.audit.error_exitcode;
    int status = exit_status(run);
    return status ? status : verdict;
}
