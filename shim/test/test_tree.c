/*
 * kill=tree: which processes a signal to a child reaches, and which never.
 *
 * The test adopts what it orphans, so that each descendant's end can be awaited and its cause read.
 */
#include "suite.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "proc.h"
#include "settings.h"
#include "tree.h"

SUITE(tree);

#define MOST 1000

/* Every process of a tree enters itself, the child of the test first. */
static struct planted {
    atomic_int begun, count;
    pid_t pids[MOST];
} * planted;

static void enter(void) {
    int place = atomic_fetch_add(&planted->begun, 1);
    if (place >= MOST)
        _exit(1);
    planted->pids[place] = getpid();
    atomic_fetch_add(&planted->count, 1);
}

/* Of one of them, never of a group. */
static void signal_bare(pid_t pid, int number) {
    claim(pid > 0 && fp_sys_kill(pid, number) == 0);
}

static void await_entries(int count) {
    while (atomic_load(&planted->count) < count)
        sched_yield();
}

/* A registered child that runs `shape`, once `count` processes have entered themselves. */
static pid_t plant(void (*shape)(void), int count) {
    struct rlimit none = {0, 0};
    fp_settings.options.kill = FP_KILL_TREE;
    planted =
        mmap(NULL, sizeof *planted, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    claim(planted != MAP_FAILED);
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t pid = tracked_fork(shape);
    await_entries(count);
    return pid;
}

static int status_of(pid_t pid) {
    int status = -1;
    claim(fp_reap_wait4(pid, &status, 0, NULL) == pid);
    return status;
}

/* Waits for all that have entered; those that were not reached would be ended by their alarm. */
static void claim_all_ended_by(int number) {
    for (int i = 0; i < atomic_load(&planted->count); i++)
        claim(WTERMSIG(status_of(planted->pids[i])) == number);
}

/* One has been signalled; the others are as they were, and are ended by SIGKILL. */
static void claim_only_one_ended_by(int number, pid_t pid) {
    for (int i = 0; i < atomic_load(&planted->count); i++)
        if (planted->pids[i] != pid)
            signal_bare(planted->pids[i], SIGKILL);
    for (int i = 0; i < atomic_load(&planted->count); i++) {
        int expected = planted->pids[i] == pid ? number : SIGKILL;
        claim(WTERMSIG(status_of(planted->pids[i])) == expected);
    }
}

/* --- shapes --- */

static void leaf(void) {
    enter();
    stays();
}

static void branch(void) {
    enter();
    setsid();
    for (int i = 0; i < 3; i++)
        (void)bare_fork(leaf);
    stays();
}

static void three_levels(void) {
    enter();
    for (int i = 0; i < 3; i++)
        (void)bare_fork(branch);
    stays();
}

static void wide(void) {
    enter();
    for (int i = 0; i < 200; i++)
        (void)bare_fork(leaf);
    stays();
}

static int depth = 50;

static void chain(void) {
    enter();
    if (--depth > 0)
        (void)bare_fork(chain);
    stays();
}

static void fork_leaf(void) {
    (void)bare_fork(leaf);
}

static void *fork_and_stay(void *unused) {
    (void)unused;
    fork_leaf();
    stays();
    return NULL;
}

/* Parents are threads: one that has left, whose child has gone to another, and one that stays. */
static void threaded(void) {
    pthread_t thread;
    enter();
    in_thread(fork_leaf);
    if (pthread_create(&thread, NULL, fork_and_stay, NULL) != 0)
        _exit(1);
    stays();
}

/* Ten processes that fork without end; each keeps the last few of its children. */
static void forks_for_ever(void) {
    pid_t last[8] = {0};
    alarm(30);
    enter();
    for (int i = 0; i < 3; i++)
        if (atomic_load(&planted->count) < 10)
            (void)bare_fork(forks_for_ever);
    for (unsigned i = 0;; i = (i + 1) % 8) {
        if (last[i] > 0)
            bare_end(last[i]);
        last[i] = bare_fork(stays);
    }
}

/* The kernel reaps its children: their numbers are free at once. */
static void reaps_at_once(void) {
    enter();
    (void)signal(SIGCHLD, SIG_IGN);
    fork_leaf();
    stays();
}

static void one_below(void) {
    enter();
    fork_leaf();
    stays();
}

/* --- who is reached --- */

static void reaches_three_levels(int number) {
    pid_t pid = plant(three_levels, 13);
    claim(signal_to(pid, number) == 0);
    claim_all_ended_by(number);
}

Test(tree, kill_reaches_three_levels) {
    reaches_three_levels(SIGKILL);
}
Test(tree, term_reaches_three_levels) {
    reaches_three_levels(SIGTERM);
}
Test(tree, int_reaches_three_levels) {
    reaches_three_levels(SIGINT);
}
Test(tree, quit_reaches_three_levels) {
    reaches_three_levels(SIGQUIT);
}

Test(tree, by_default_the_child_alone_is_reached) {
    pid_t pid = plant(three_levels, 13);
    fp_settings.options.kill = FP_KILL_PROCESS;
    claim(signal_to(pid, SIGTERM) == 0);
    claim_only_one_ended_by(SIGTERM, pid);
}

Test(tree, other_signals_reach_the_child_alone) {
    pid_t pid = plant(three_levels, 13);
    claim(signal_to(pid, SIGHUP) == 0);
    claim_only_one_ended_by(SIGHUP, pid);
}

static void reaches_all(void (*shape)(void), int count, int number) {
    pid_t pid = plant(shape, count);
    claim(signal_to(pid, number) == 0);
    claim_all_ended_by(number);
}

Test(tree, wide_tree) {
    reaches_all(wide, 201, SIGKILL);
    reaches_all(wide, 201, SIGTERM);
}

Test(tree, long_chain) {
    reaches_all(chain, 50, SIGKILL);
    depth = 50;
    reaches_all(chain, 50, SIGTERM);
}

Test(tree, children_of_threads) {
    reaches_all(threaded, 3, SIGKILL);
    reaches_all(threaded, 3, SIGTERM);
}

static void end_children(void) {
    struct fp_proc_list list;
    claim(fp_proc_list_children(&list, getpid(), getpid()));
    for (pid_t pid; (pid = fp_proc_list_next(&list));)
        (void)fp_sys_kill(pid, SIGTERM);
    fp_proc_list_end(&list);
}

/* Whoever is not stopped in time has forked on; those that outlive the kill end by SIGTERM. */
Test(tree, forking_tree_is_killed_whole) {
    int outlived = 0;
    int status;
    pid_t pid = plant(forks_for_ever, 10);
    claim(signal_to(pid, SIGKILL) == 0);
    claim(WTERMSIG(status_of(pid)) == SIGKILL);
    for (long ended; (ended = fp_reap_wait4(-1, &status, WNOHANG, NULL)) != -ECHILD;)
        if (ended > 0)
            outlived += WTERMSIG(status) != SIGKILL;
        else
            end_children();
    claim(outlived == 0);
}

Test(tree, stopped_tree) {
    pid_t pid = plant(three_levels, 13);
    for (int i = 0; i < 13; i++)
        signal_bare(planted->pids[i], SIGSTOP);
    claim(signal_to(pid, SIGKILL) == 0);
    claim_all_ended_by(SIGKILL);
}

Test(tree, child_that_fork_did_not_register) {
    fp_settings.options.kill = FP_KILL_TREE;
    (void)plant(leaf, 1);
    pid_t pid = bare_fork(three_levels);
    await_entries(14);
    claim(signal_to(pid, SIGKILL) == 0);
    claim(signal_to(planted->pids[0], SIGKILL) == 0);
    claim_all_ended_by(SIGKILL);
}

/* The kernel reaps by itself: who has been reached can only be told by who is gone. */
Test(tree, while_sigchld_is_ignored) {
    pid_t pid = plant(three_levels, 13);
    (void)signal(SIGCHLD, SIG_IGN);
    claim(signal_to(pid, SIGTERM) == 0);
    claim(fp_sys_wait4(-1, NULL, 0, NULL) == -ECHILD);
    // Some may still be on their way out.
    for (int i = 0; i < 13; i++)
        while (fp_sys_kill(planted->pids[i], 0) != -ESRCH)
            sched_yield();
    fp_child_gone(pid, fp_table_word(pid), 0);
}

/* --- by other calls --- */

static void reaches_two_by(const struct fp_signal *signal) {
    claim(fp_deliver(signal, FP_STALE_DENY) == 0);
    claim_all_ended_by(signal->number);
}

Test(tree, by_tgkill_and_sigqueue) {
    siginfo_t info = {.si_signo = SIGKILL, .si_code = SI_QUEUE};
    pid_t pid = plant(one_below, 2);
    reaches_two_by(&(struct fp_signal){FP_BY_TGKILL, pid, pid, SIGKILL, NULL});
    pid = plant(one_below, 2);
    reaches_two_by(&(struct fp_signal){FP_BY_QUEUE, pid, 0, SIGKILL, &info});
}

Test(tree, by_pidfd) {
    static const int numbers[] = {SIGKILL, SIGTERM};
    for (size_t i = 0; i < 2; i++) {
        int pidfd = fp_sys_pidfd_open(plant(one_below, 2), 0);
        claim(fp_deliver_held(pidfd, numbers[i], NULL, 0) == 0);
        claim_all_ended_by(numbers[i]);
        claim(fp_deliver_held(pidfd, numbers[i], NULL, 0) == -ESRCH);
        close(pidfd);
    }
}

Test(tree, by_pidfd_with_more_arguments_as_bare) {
    siginfo_t info = {.si_signo = SIGTERM, .si_code = SI_QUEUE};
    pid_t pid = plant(one_below, 2);
    int pidfd = fp_sys_pidfd_open(pid, 0);
    claim(fp_deliver_held(pidfd, SIGKILL, &info, 0) == -EINVAL);
    claim(fp_deliver_held(pidfd, SIGKILL, NULL, 1U << 31) == -EINVAL);
    claim(fp_deliver_held(-1, SIGKILL, NULL, 0) == -EBADF);
    claim(fp_deliver_held(pidfd, SIGTERM, &info, 0) == 0);
    claim_only_one_ended_by(SIGTERM, pid);
    close(pidfd);
}

/* A pidfd may name a process that is no child of ours; nobody else is reached. */
Test(tree, by_pidfd_of_a_grandchild) {
    (void)plant(three_levels, 13);
    pid_t branch_pid = 0;
    struct fp_proc proc;
    for (int i = 1; i < 13 && !branch_pid; i++)
        if (fp_proc_read(planted->pids[i], &proc) && proc.ppid == planted->pids[0])
            branch_pid = proc.pid;
    int pidfd = fp_sys_pidfd_open(branch_pid, 0);
    claim(fp_deliver_held(pidfd, SIGTERM, NULL, 0) == 0);
    close(pidfd);
    claim_only_one_ended_by(SIGTERM, branch_pid);
}

/* --- the answer is the child's --- */

Test(tree, zombie_and_former_child_answer_as_ever) {
    fp_settings.options.kill = FP_KILL_TREE;
    pid_t pid = tracked_zombie();
    cr_expect_eq(signal_to(pid, SIGKILL), 0);
    cr_expect_eq(signal_to(pid, SIGTERM), 0);
    (void)wait_for(pid, 0);
    cr_expect_eq(signal_to(pid, SIGKILL), -ESRCH);
}

Test(tree, failed_call_reaches_nobody) {
    siginfo_t forged = {.si_signo = SIGKILL, .si_code = SI_USER};
    pid_t pid = plant(one_below, 2);
    for (int number = SIGKILL; number <= SIGTERM; number += SIGTERM - SIGKILL) {
        forged.si_signo = number;
        claim(fp_deliver(&(struct fp_signal){FP_BY_TGKILL, pid, 1 << 22, number, NULL},
                         FP_STALE_DENY) == -ESRCH);
        claim(fp_deliver(&(struct fp_signal){FP_BY_QUEUE, pid, 0, number, &forged},
                         FP_STALE_DENY) == -EPERM);
    }
    claim(signal_to(pid, SIGHUP) == 0);
    claim_only_one_ended_by(SIGHUP, pid);
}

/* A stop that only kill=tree has caused is not told. */
Test(tree, wait_is_told_of_the_end_alone) {
    siginfo_t info;
    int status;
    pid_t pid = plant(one_below, 2);
    claim(signal_to(pid, SIGKILL) == 0);
    claim(fp_reap_waitid(P_PID, pid, &info, WEXITED | WSTOPPED | WNOWAIT, NULL) == 0);
    claim(info.si_code == CLD_KILLED && info.si_status == SIGKILL);
    claim(fp_reap_wait4(pid, &status, WUNTRACED, NULL) == pid && WTERMSIG(status) == SIGKILL);
    claim(WTERMSIG(status_of(planted->pids[1])) == SIGKILL);
}

/* Its parent's number is not free while the tree is signalled: it is reaped by the last killer. */
static pid_t target;
static long early[2];

static void wait_for_target(void) {
    early[0] = wait_for(target, 0);
    early[1] = fp_sys_kill(target, 0);
}

static void wait_for_target_by_thread(void) {
    in_thread(wait_for_target);
}

Test(tree, child_is_pinned_until_all_are_signalled) {
    target = plant(one_below, 2);
    at_point(FP_POINT_TREE_HELD, wait_for_target_by_thread);
    claim(signal_to(target, SIGTERM) == 0);
    claim(early[0] == target && early[1] == 0);
    claim(fp_sys_kill(target, 0) == -ESRCH);
    claim(WTERMSIG(status_of(planted->pids[1])) == SIGTERM);
}

/* --- handlers --- */

static volatile sig_atomic_t handled;
static bool handled_meanwhile;

static void count_signal(int number) {
    (void)number;
    handled++;
}

static void raise_a_signal(void) {
    (void)fp_sys_tgkill(getpid(), gettid(), SIGUSR1);
    handled_meanwhile = handled > 0;
}

Test(tree, handlers_wait_until_the_tree_is_signalled) {
    struct sigaction action = {.sa_handler = count_signal};
    sigaction(SIGUSR1, &action, NULL);
    pid_t pid = plant(one_below, 2);
    at_point(FP_POINT_TREE_LISTED, raise_a_signal);
    claim(signal_to(pid, SIGKILL) == 0);
    claim(!handled_meanwhile && handled == 1);
    claim_all_ended_by(SIGKILL);
}

/* --- strangers (R9, R15) --- */

static void await_next_tick(pid_t pid) {
    struct fp_proc proc;
    struct timespec now;
    claim(fp_proc_read(pid, &proc));
    do
        clock_gettime(CLOCK_BOOTTIME, &now);
    while ((uint64_t)now.tv_sec * 100 + (uint64_t)now.tv_nsec / 10000000 <= proc.start);
}

/* The grandchild ends, whoever is its parent by now, and its number goes to a stranger. */
static void replace_grandchild(void) {
    pid_t pid = planted->pids[1];
    await_next_tick(pid);
    signal_bare(pid, SIGKILL);
    while (fp_sys_kill(pid, 0) != -ESRCH)
        (void)fp_sys_wait4(pid, NULL, WNOHANG, NULL);
    make_stranger(pid);
}

static void spares_a_stranger(enum fp_point point, int number) {
    mount_proc("proc");
    pid_t pid = plant(reaps_at_once, 2);
    at_point(point, replace_grandchild);
    claim(signal_to(pid, number) == 0);
    claim(!is_armed(point));
    claim(strangers_live());
    claim(WTERMSIG(status_of(pid)) == number);
}

NamespacedTest(tree, stranger_with_a_listed_pid_is_spared_by_kill) {
    spares_a_stranger(FP_POINT_TREE_LISTED, SIGKILL);
}
NamespacedTest(tree, stranger_with_a_listed_pid_is_spared_by_term) {
    spares_a_stranger(FP_POINT_TREE_LISTED, SIGTERM);
}
NamespacedTest(tree, stranger_with_a_held_pid_is_spared) {
    spares_a_stranger(FP_POINT_TREE_HELD, SIGTERM);
}

/* A /proc of the machine's, seen from a namespace: its numbers are other processes'. */
NamespacedTest(tree, foreign_proc_is_not_believed) {
    pid_t pid = plant(one_below, 2);
    claim(signal_to(pid, SIGTERM) == 0);
    claim_only_one_ended_by(SIGTERM, pid);
}

#define CHILD 301
#define GRANDCHILD 302
static pid_t outer;

static void fork_grandchild(void) {
    (void)bare_fork_as(GRANDCHILD, leaf);
    stays();
}

/* The same numbers as outside: there GRANDCHILD descends from CHILD, here it is a stranger's. */
static void signal_child_by_foreign_proc(void) {
    claim(getpid() == outer);
    pid_t pid = tracked_fork_as(CHILD, stays);
    make_stranger(GRANDCHILD);
    claim(pid == CHILD && signal_to(pid, SIGTERM) == 0);
    claim(strangers_live());
    claim(WTERMSIG(status_of(pid)) == SIGTERM);
}

NamespacedTest(tree, foreign_proc_with_the_same_numbers_is_not_believed) {
    mount_proc("proc");
    (void)plant(leaf, 1);
    outer = getpid();
    (void)bare_fork_as(CHILD, fork_grandchild);
    await_entries(2);
    int status = in_namespace(signal_child_by_foreign_proc);
    bare_end(CHILD);
    bare_end(GRANDCHILD);
    bare_end(planted->pids[0]);
    fp_child_gone(planted->pids[0], fp_table_word(planted->pids[0]), 0);
    claim(status == 0);
}

/* --- older kernels --- */

Test(tree, without_lists_of_children) {
    fp_tree_scans = true;
    reaches_three_levels(SIGKILL);
    reaches_three_levels(SIGTERM);
    depth = 50;
    reaches_all(chain, 50, SIGKILL);
    reaches_all(threaded, 3, SIGTERM);
}

static void refuse_calls(int first, int second) {
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)first, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)second, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof rules / sizeof *rules, rules};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, 2, &program, 0, 0))
        _exit(EXIT_SKIPPED);
}

Test(tree, without_pidfds) {
    refuse_calls(SYS_pidfd_open, SYS_pidfd_send_signal);
    reaches_three_levels(SIGKILL);
    reaches_three_levels(SIGTERM);
}

Test(tree, with_pidfds_that_take_no_signals) {
    refuse_calls(SYS_pidfd_send_signal, SYS_pidfd_send_signal);
    reaches_three_levels(SIGKILL);
}

/* --- what is said --- */

static void end_target(void) {
    (void)signal_to(target, SIGKILL);
}

Test(tree, verbose_tells_how_many_were_reached) {
    char said[512], expected[512];
    prctl(PR_SET_NAME, "tested");
    target = plant(three_levels, 13);
    fp_settings.options.verbose = 1;
    said_during(end_target, said, sizeof said);
    snprintf(expected, sizeof expected,
             "forkproof: tested[%d]: kill=tree: signal 9 for %d reached 12 descendants\n",
             (int)getpid(), (int)target);
    cr_expect_str_eq(said, expected);
    claim_all_ended_by(SIGKILL);
}
