#include "keeper.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fds.h"
#include "link.h"
#include "name.h"
#include "say.h"
#include "supervisor.h"
#include "teardown.h"

struct keeper {
    struct fp_run *run;
    int link, signal_fd;
    pid_t supervisor;
};

/* In a session of its own: SIGKILL to the caller's process group passes it by. */
static void leave_caller(struct keeper *k) {
    struct fp_run *run = k->run;
    setsid();
    (void)!chdir("/");
    fp_fds_to_null(7);
    fp_say_to(-1);
    run->stderr_fd = -1;
    fp_name_self("fp-keeper", run->argv);
    int own[] = {k->link, k->signal_fd};
    fp_run_keep_only(run, own, sizeof own / sizeof own[0]);
}

/* Returns once it has ended: whether it was killed. */
static bool wait_for_supervisor(const struct keeper *k) {
    int status;
    for (;;) {
        pid_t pid = waitpid(k->supervisor, &status, WUNTRACED | __WALL);
        if (pid < 0 && errno != EINTR)
            return true;
        if (pid == k->supervisor && WIFSTOPPED(status))
            (void)fp_member_signal_child(pid, SIGCONT, NULL);
        else if (pid == k->supervisor)
            return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    }
}

/* What the guard had sent to the supervisor is read, too, and is of no use any more. */
static bool guard_concludes(struct keeper *k) {
    struct fp_message m;
    if (fp_link_send(k->link, (struct fp_message){.type = FP_MESSAGE_DONE}) < 0)
        return false;
    for (;;) {
        int r = fp_link_receive(k->link, &m);
        if (r < 0 || (r > 0 && m.type == FP_MESSAGE_CONCLUDE))
            return r > 0;
        if (r == 0 && poll(&(struct pollfd){.fd = k->link, .events = POLLIN}, 1,
                           k->run->facts->stop_told ? FP_CONTINUE_AGAIN_MS : -1) == 0)
            (void)fp_member_signal_pidfd(k->run->guard_fd, SIGCONT);
    }
}

static void stand_in(struct keeper *k) {
    struct fp_run *run = k->run;
    struct fp_facts *facts = run->facts;
    struct fp_teardown t = {.run = run, .signal_fd = k->signal_fd, .root_over = facts->root_ended};
    t.scope = (struct fp_scope){.top = getpid(), .contain = &run->contain, .never = {facts->guard}};
    facts->supervisor_lost = true;
    fp_teardown_orphans(&t);
    if (guard_concludes(k))
        return;
    facts->guard_lost = true;
    fp_run_conclude(run);
    (void)fp_audit_conclude(run, k->signal_fd);
}

/* Like the supervisor's own failures: the guard tells them. */
static void fail(struct keeper *k, int error, const char *what) {
    struct fp_facts *facts = k->run->facts;
    facts->failed = error;
    snprintf(facts->failed_at, sizeof facts->failed_at, "%s", what);
    fp_contain_close(&k->run->contain);
    if (!guard_concludes(k)) {
        fp_run_conclude(k->run);
        fp_audit_discard(k->run);
    }
}

_Noreturn void fp_keeper_main(struct fp_run *run, int link) {
    struct keeper k = {.run = run, .link = link, .signal_fd = -1};
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    run->facts->keeper = getpid();
    k.supervisor = fork();
    if (k.supervisor == 0)
        fp_supervisor_main(run, link);
    int error = errno;
    k.signal_fd = fp_fds_signals();
    leave_caller(&k);
    if (k.supervisor < 0)
        fail(&k, error, "fork");
    else if (wait_for_supervisor(&k))
        stand_in(&k);
    _exit(0);
}
