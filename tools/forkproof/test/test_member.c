/* Correctness priority 1: a stranger is never signalled. */
#include <criterion/criterion.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contain/contain.h"
#include "member.h"
#include "proc.h"

TestSuite(member, .timeout = 20);

static pid_t start_sleeper(void) {
    pid_t pid = fork();
    if (pid == 0)
        for (;;)
            pause();
    return pid;
}

static struct fp_member look_at(pid_t pid) {
    struct fp_proc_stat stat = {0};
    cr_assert_eq(fp_proc_stat(pid, &stat), 0);
    return (struct fp_member){.pid = pid, .ppid = stat.ppid, .start = stat.start};
}

static bool is_running(pid_t pid) {
    return waitpid(pid, NULL, WNOHANG) == 0;
}

static void end(pid_t pid) {
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

Test(member, a_child_is_signalled) {
    struct fp_scope scope = {.top = getpid()};
    pid_t pid = start_sleeper();
    struct fp_member member = look_at(pid);
    int status;
    cr_expect_eq(fp_member_signal(&member, SIGTERM, &scope), 0);
    cr_expect_eq(member.sent, SIGTERM);
    waitpid(pid, &status, 0);
    cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

Test(member, another_start_time_is_another_process) {
    struct fp_scope scope = {.top = getpid()};
    pid_t pid = start_sleeper();
    struct fp_member member = look_at(pid);
    member.start--;
    cr_expect_eq(fp_member_signal(&member, SIGKILL, &scope), -ESRCH);
    cr_expect_eq(member.sent, 0);
    cr_expect(is_running(pid));
    end(pid);
}

/* The stranger is a sibling of the process whose descendants are members. */
Test(member, a_process_that_does_not_descend_from_us_is_left_alone) {
    pid_t stranger = start_sleeper();
    pid_t top = start_sleeper();
    struct fp_scope scope = {.top = top};
    struct fp_member member = look_at(stranger);
    cr_expect_eq(fp_member_signal(&member, SIGKILL, &scope), -ESRCH);
    cr_expect(is_running(stranger));
    end(stranger);
    end(top);
}

Test(member, nobody_signals_init_itself_or_those_ruled_out) {
    pid_t pid = start_sleeper();
    struct fp_scope scope = {.top = getpid(), .never = {pid}};
    struct fp_member one = {.pid = 1}, self = look_at(getpid()), ruled_out = look_at(pid);
    cr_expect_eq(fp_member_signal(&one, 0, &scope), -EPERM);
    cr_expect_eq(fp_member_signal(&self, SIGKILL, &scope), -EPERM);
    cr_expect_eq(fp_member_signal(&ruled_out, SIGKILL, &scope), -EPERM);
    cr_expect(is_running(pid));
    end(pid);
}

Test(member, with_strangers_about_a_parent_proves_nothing) {
    struct fp_members strangers = {0};
    struct fp_proc_stat other = {.pid = 0x7fffff};
    fp_members_add(&strangers, &other);
    struct fp_scope scope = {
        .top = getpid(), .strangers = &strangers, .marker = "FORKPROOF_RUN=nobody-has-this"};
    pid_t pid = start_sleeper();
    struct fp_member member = look_at(pid);
    cr_expect_eq(fp_member_signal(&member, SIGKILL, &scope), -ESRCH);
    cr_expect(is_running(pid));
    end(pid);
    fp_members_free(&strangers);
}

Test(member, the_dead_are_gone) {
    struct fp_scope scope = {.top = getpid()};
    pid_t pid = start_sleeper();
    struct fp_member member = look_at(pid);
    siginfo_t info;
    kill(pid, SIGKILL);
    waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
    cr_expect_eq(fp_member_signal(&member, SIGKILL, &scope), -ESRCH, "a zombie");
    waitpid(pid, NULL, 0);
    cr_expect_eq(fp_member_signal(&member, SIGKILL, &scope), -ESRCH, "reaped");
}

Test(member, descendants_are_walked_parents_first) {
    int ready[2];
    cr_assert_eq(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        start_sleeper();
        (void)!write(ready[1], "x", 1);
        for (;;)
            pause();
    }
    char c;
    cr_assert_eq(read(ready[0], &c, 1), 1);
    struct fp_scope scope = {.top = getpid()};
    struct fp_members members = {0};
    cr_assert_eq(fp_walk_list(&scope, &members), 0);
    cr_assert_eq(members.count, 2);
    cr_expect_eq(members.at[0].pid, pid);
    cr_expect_eq(members.at[1].ppid, pid);
    scope.list = &members;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    cr_expect_eq(fp_member_signal(&members.at[1], SIGKILL, &scope), 0);
    cr_expect_eq(fp_member_signal(&members.at[0], SIGKILL, &scope), 0);
    while (waitpid(-1, NULL, 0) > 0)
        ;
    fp_members_free(&members);
    close(ready[0]);
    close(ready[1]);
}

/* A chain that breaks while it is climbed: the fake init reaps the parent just then. */
static struct {
    pid_t init, parent;
    bool broken;
} chain;

static bool hold_and_break(const struct fp_contain *c, pid_t pid) {
    struct fp_proc_stat stat;
    if (!chain.broken) {
        chain.broken = true;
        kill(chain.parent, SIGKILL);
        while (fp_proc_stat(chain.parent, &stat) == 0)
            sched_yield();
        return false; /* what was read before still names the parent */
    }
    return fp_proc_stat(pid, &stat) == 0 && stat.ppid == c->init;
}

/* init > parent > member; both pids come through the pipe. */
static _Noreturn void be_chain(int out) {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    signal(SIGCHLD, SIG_IGN);
    chain.parent = fork();
    if (chain.parent == 0) {
        pid_t pids[] = {getpid(), start_sleeper()};
        (void)!write(out, pids, sizeof pids);
    }
    for (;;)
        pause();
}

Test(member, an_orphan_that_an_init_adopts_while_we_look_is_still_ours) {
    int out[2];
    pid_t pids[2];
    cr_assert_eq(pipe(out), 0);
    chain.init = fork();
    if (chain.init == 0)
        be_chain(out[1]);
    cr_assert_eq(read(out[0], pids, sizeof pids), (ssize_t)sizeof pids);
    chain.parent = pids[0];
    pid_t elsewhere = start_sleeper();
    const struct fp_contain_ops ops = {.holds = hold_and_break};
    const struct fp_contain contain = {.ops = &ops, .init = chain.init};
    struct fp_scope scope = {.top = elsewhere, .contain = &contain};
    struct fp_member member = look_at(pids[1]);
    cr_expect_eq(member.ppid, chain.parent);
    int r = fp_member_signal(&member, SIGKILL, &scope);
    if (r < 0)
        kill(pids[1], SIGKILL); /* a failure: it must not stay */
    cr_expect_eq(r, 0);
    cr_expect(chain.broken);
    end(elsewhere);
    end(chain.init);
    close(out[0]);
    close(out[1]);
}

Test(member, many_are_found_by_pid) {
    struct fp_members members = {0};
    for (int pid = 2; pid < 5000; pid++) {
        struct fp_proc_stat stat = {.pid = pid, .start = (uint64_t)pid};
        cr_assert_eq(fp_members_add(&members, &stat), 0);
        cr_assert_eq(fp_members_add(&members, &stat), 0);
    }
    cr_expect_eq(members.count, 4998);
    cr_expect_eq(fp_members_find(&members, 4321)->start, 4321);
    cr_expect_null(fp_members_find(&members, 6000));
    fp_members_clear(&members);
    cr_expect_null(fp_members_find(&members, 4321));
    fp_members_free(&members);
}
