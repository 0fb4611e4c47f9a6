/* The stash: zombies reaped early, and every later question answered as if they were still there.
 */
#include "suite.h"

#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "subreaper.h"

SUITE(stash);

#define BOUND 1 /* what the tests leave alone, where they do not say otherwise */

static pid_t first, second;
static long results[4];

/* Of two zombies, one is stashed and one is left. */
static void stash_one_of_two(void) {
    second = tracked_zombie();
    fp_stash_bound(BOUND);
    if (!(word_of(first) & FP_STASH)) {
        pid_t other = first;
        first = second;
        second = other;
    }
}

static bool is_zombie(pid_t pid) {
    return fp_sys_kill(pid, 0) == 0;
}

/* `first` is stashed and gone for the kernel, `second` a zombie. */
static void given_one_stashed(void) {
    first = tracked_zombie();
    stash_one_of_two();
    cr_assert(word_of(first) & FP_STASH);
    cr_assert_not(is_zombie(first));
    cr_assert(is_zombie(second));
}

static void leave_no_child(void) {
    while (wait_any(WNOHANG) > 0)
        ;
}

/* --- the bound --- */

static void become_a_subreaper(void) {
    claim(fp_subreaper_prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0);
}

Test(stash, nothing_is_stashed_in_a_subreaper) {
    become_a_subreaper();
    first = tracked_zombie();
    second = tracked_zombie();
    fp_stash_bound(BOUND);
    cr_expect(is_zombie(first) && is_zombie(second));
    cr_assert_eq(fp_subreaper_prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0), 0);
    fp_stash_bound(BOUND);
    cr_expect_not(is_zombie(first) && is_zombie(second));
    leave_no_child();
}

/* It survives an exec, so nobody here may have set it. */
Test(stash, subreaper_is_asked_for) {
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    first = tracked_zombie();
    second = tracked_zombie();
    fp_stash_bound(BOUND);
    cr_expect(is_zombie(first) && is_zombie(second));
    leave_no_child();
}

static void become_a_subreaper_by_thread(void) {
    in_thread(become_a_subreaper);
}

Test(stash, subreaper_set_while_it_is_asked_for_is_not_missed) {
    (void)counts();
    at_point(FP_POINT_BEFORE_LEARN, become_a_subreaper_by_thread);
    (void)fp_subreaper_is();
    cr_assert(fp_subreaper_is());
}

static void claim_none(void) {
    claim(!fp_subreaper_is());
}

Test(stash, forked_child_of_a_subreaper_is_none) {
    int status;
    (void)counts();
    become_a_subreaper();
    cr_assert(fp_subreaper_is());
    pid_t pid = bare_fork(claim_none);
    (void)fp_sys_wait4(pid, &status, 0, NULL);
    cr_assert_eq(status, 0);
}

static void exits_by_number(void) {
    _exit(getpid() % 200);
}

/* Where no number comes back while it runs: R7. */
NamespacedTest(stash, bound_keeps_zombies_few_and_every_status_right) {
    enum { CHILDREN = 1000 };
    static pid_t pids[CHILDREN];
    int most = 0;
    for (int i = 0; i < CHILDREN; i++) {
        pids[i] = awaited(tracked_fork(exits_by_number));
        fp_stash_bound(64);
        most = counts()->children > most ? counts()->children : most;
    }
    claim(most <= 80);
    claim(counts()->children + counts()->stashed == CHILDREN);
    for (int i = 0; i < CHILDREN; i++) {
        int status = -1;
        claim(fp_reap_wait4(pids[i], &status, 0, NULL) == pids[i]);
        claim(WIFEXITED(status) && WEXITSTATUS(status) == pids[i] % 200);
    }
    claim(counts()->lost == 0);
}

Test(stash, nothing_is_stashed_below_the_bound_or_without_one) {
    first = tracked_zombie();
    second = tracked_zombie();
    fp_stash_bound(2);
    fp_stash_bound(0);
    cr_assert(is_zombie(first) && is_zombie(second));
    leave_no_child();
}

Test(stash, live_unregistered_and_pinned_children_are_left_alone) {
    pid_t live = tracked_fork(stays);
    pid_t inherited = bare_zombie();
    pid_t pinned = tracked_zombie();
    fp_child_pin(pinned);
    for (int i = 0; i < 4; i++)
        fp_stash_bound(1);
    cr_assert_eq(counts()->stashed, 0);
    cr_assert(is_zombie(inherited) && is_zombie(pinned));
    (void)wait_for(pinned, 0);
    bare_end(inherited);
    tracked_end(live);
}

/* --- late waits --- */

static void burn(void) {
    while (clock() < CLOCKS_PER_SEC / 20)
        ;
    _exit(3);
}

static long microseconds(struct timeval t) {
    return t.tv_sec * 1000000 + t.tv_usec;
}

NamespacedTest(stash, late_wait_tells_status_and_usage) {
    int status = 0;
    struct rusage usage = {0}, bare = {0};
    first = awaited(tracked_fork(burn));
    (void)fp_sys_waitid(P_PID, first, NULL, WEXITED | WNOWAIT, &bare);
    second = tracked_zombie();
    fp_stash_bound(BOUND);
    if (!(word_of(first) & FP_STASH))
        (void)wait_for(second, 0), second = tracked_zombie(), fp_stash_bound(BOUND);
    claim(word_of(first) & FP_STASH);
    claim(fp_reap_wait4(first, &status, 0, &usage) == first);
    claim(WIFEXITED(status) && WEXITSTATUS(status) == 3);
    claim(microseconds(usage.ru_utime) + microseconds(usage.ru_stime) >= 40000);
    claim(memcmp(&usage.ru_utime, &bare.ru_utime, sizeof bare.ru_utime) == 0);
    claim(memcmp(&usage.ru_stime, &bare.ru_stime, sizeof bare.ru_stime) == 0);
    claim(usage.ru_maxrss == bare.ru_maxrss);
    claim(usage.ru_minflt == bare.ru_minflt);
    claim(usage.ru_nvcsw == bare.ru_nvcsw);
    leave_no_child();
}

Test(stash, death_by_signal_is_told_late) {
    int status = 0;
    first = tracked_fork(stays);
    (void)signal_to(first, SIGKILL);
    (void)awaited(first);
    pid_t killed = first;
    stash_one_of_two();
    cr_assert_eq(fp_reap_wait4(killed, &status, 0, NULL), killed);
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    leave_no_child();
}

Test(stash, waitid_tells_the_fields_of_a_zombie) {
    siginfo_t info, zombie;
    memset(&info, 0, sizeof info);
    memset(&zombie, 0, sizeof zombie);
    given_one_stashed();
    cr_assert_eq(fp_sys_waitid(P_PID, second, &zombie, WEXITED | WNOWAIT, NULL), 0);
    cr_assert_eq(fp_reap_waitid(P_PID, first, &info, WEXITED, NULL), 0);
    zombie.si_pid = first;
    cr_assert_eq(memcmp(&info, &zombie, sizeof info), 0);
    leave_no_child();
}

Test(stash, wait_for_any_and_for_the_group_find_it) {
    given_one_stashed();
    cr_assert_eq(wait_for(0, 0), first);
    cr_assert_eq(wait_any(0), second);
    given_one_stashed();
    cr_assert_eq(wait_any(0), first);
    cr_assert_eq(wait_any(WNOHANG), second);
    given_one_stashed();
    cr_assert_eq(wait_for(-getpgid(0), WNOHANG), first);
    cr_assert_eq(wait_any(0), second);
    cr_assert_eq(wait_any(0), -ECHILD);
}

Test(stash, group_of_its_own_is_remembered) {
    first = tracked_fork(stays);
    (void)setpgid(first, first);
    (void)signal_to(first, SIGKILL);
    (void)awaited(first);
    pid_t leader = first;
    second = tracked_fork(stays);
    fp_stash_bound(BOUND);
    cr_assert(word_of(leader) & FP_STASH);
    cr_assert_eq(wait_for(0, WNOHANG), 0);
    cr_assert_eq(wait_for(-leader, 0), leader);
    tracked_end(second);
}

Test(stash, nowait_leaves_it) {
    siginfo_t info = {0};
    given_one_stashed();
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(fp_reap_waitid(P_ALL, 0, &info, WEXITED | WNOWAIT, NULL), 0);
        cr_assert_eq(info.si_pid, first);
    }
    cr_assert_eq(wait_for(first, 0), first);
    cr_assert_eq(wait_for(first, 0), -ECHILD);
    leave_no_child();
}

Test(stash, waits_for_other_kinds_of_change_do_not_take_it) {
    siginfo_t info;
    given_one_stashed();
    cr_assert_eq(fp_reap_waitid(P_ALL, 0, &info, WSTOPPED | WNOHANG, NULL), -ECHILD);
    cr_assert_eq(wait_for(first, WNOHANG | (int)__WCLONE), -ECHILD);
    cr_assert_eq(wait_for(first, WNOHANG | (int)__WALL), first);
    leave_no_child();
}

Test(stash, bad_pointer_of_a_late_wait_is_efault_and_the_status_is_gone) {
    given_one_stashed();
    cr_assert_eq(fp_reap_wait4(first, (int *)8, 0, NULL), -EFAULT);
    cr_assert_eq(wait_for(first, 0), -ECHILD);
    leave_no_child();
}

/* --- kills --- */

Test(stash, kill_answers_as_for_a_zombie_until_it_is_waited_for) {
    given_one_stashed();
    cr_assert_eq(signal_to(first, 0), 0);
    cr_assert_eq(signal_to(first, SIGKILL), 0);
    cr_assert_eq(signal_to(first, 64), 0);
    cr_assert_eq(signal_to(first, 65), -EINVAL);
    cr_assert_eq(signal_to(first, -1), -EINVAL);
    cr_assert_eq(wait_for(first, 0), first);
    cr_assert_eq(signal_to(first, 0), -ESRCH);
    leave_no_child();
}

NamespacedTest(stash, stranger_with_the_pid_of_a_stashed_child_is_not_signalled) {
    first = tracked_zombie();
    stash_one_of_two();
    make_stranger(first);
    claim(signal_to(first, SIGKILL) == 0);
    claim(strangers_live());
    claim(wait_for(first, 0) == first);
    claim(signal_to(first, SIGKILL) == -ESRCH);
    claim(strangers_live());
    leave_no_child();
}

NamespacedTest(stash, pidfd_of_a_stashed_child_is_not_a_strangers) {
    first = tracked_zombie();
    stash_one_of_two();
    make_stranger(first);
    claim(fp_child_pidfd(first, 0) == -ESRCH);
    claim(fp_child_pidfd(first, 1U << 31) == -EINVAL);
    claim(wait_for(first, 0) == first);
    leave_no_child();
}

NamespacedTest(stash, status_is_given_up_when_fork_returns_the_pid_again) {
    first = tracked_zombie();
    stash_one_of_two();
    claim(tracked_fork_as(first, stays) == first);
    claim(counts()->lost == 1 && counts()->stashed == 0);
    claim(wait_for(first, WNOHANG) == 0);
    tracked_end(first);
    leave_no_child();
}

/* --- R5: a waiter and the stash --- */

static void wait_both(void) {
    results[0] = wait_any(0);
    results[1] = wait_any(0);
}

static void wait_both_by_thread(void) {
    in_thread(wait_both);
}
static void wait_both_by_handler(void) {
    in_handler(wait_both);
}

static void both_are_waited_for_while_one_is_stashed(enum fp_point window, void (*waiter)(void)) {
    first = tracked_zombie();
    second = tracked_zombie();
    at_point(window, waiter);
    fp_stash_bound(BOUND);
    cr_assert_not(is_armed(window));
    cr_assert(results[0] + results[1] == first + second && results[0] != results[1]);
    cr_assert_eq(wait_any(0), -ECHILD);
}

Test(stash, waits_during_the_stashing_get_every_status_once) {
    both_are_waited_for_while_one_is_stashed(FP_POINT_STASH_PUBLISHED, wait_both_by_thread);
    both_are_waited_for_while_one_is_stashed(FP_POINT_STASH_PUBLISHED, wait_both_by_handler);
    both_are_waited_for_while_one_is_stashed(FP_POINT_AFTER_REAP, wait_both_by_thread);
    both_are_waited_for_while_one_is_stashed(FP_POINT_AFTER_REAP, wait_both_by_handler);
}

static void stash_what_is_left(void) {
    fp_stash_bound(BOUND);
    results[2] = counts()->stashed;
}

static void stash_what_is_left_by_thread(void) {
    in_thread(stash_what_is_left);
}

Test(stash, nothing_is_stashed_while_a_waiter_is_announced) {
    first = tracked_zombie();
    second = tracked_zombie();
    results[2] = -1;
    at_point(FP_POINT_BEFORE_BLOCK, stash_what_is_left_by_thread);
    (void)wait_any(0);
    cr_assert_eq(results[2], 0);
    leave_no_child();
}

/* A wait for one pid is not announced: its zombie may go into the stash under it. */
Test(stash, wait_for_one_pid_finds_the_status_that_was_stashed_under_it) {
    static const enum fp_point windows[] = {FP_POINT_BEFORE_BLOCK, FP_POINT_AFTER_PEEK,
                                            FP_POINT_BEFORE_REAP};
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
        first = tracked_zombie();
        second = tracked_zombie();
        at_point(windows[i], stash_what_is_left_by_thread);
        cr_expect_eq(wait_for(first, 0), first);
        cr_expect_eq(wait_for(second, 0), second);
        cr_expect_eq(wait_any(0), -ECHILD);
    }
}

Test(stash, polling_wait_finds_the_status_that_was_stashed_under_it) {
    first = tracked_zombie();
    second = tracked_zombie();
    at_point(FP_POINT_AFTER_PEEK, stash_what_is_left_by_thread);
    cr_assert_gt(wait_any(WNOHANG), 0);
    cr_assert_gt(wait_any(WNOHANG), 0);
    cr_assert_eq(wait_any(WNOHANG), -ECHILD);
}

/* The waiter comes after the stasher has looked for waiters the first time. */
static void announce(void) {
    atomic_fetch_add(&counts()->waiters, 1);
}

Test(stash, waiter_that_comes_late_makes_the_stasher_withdraw) {
    first = tracked_zombie();
    second = tracked_zombie();
    at_point(FP_POINT_STASH_PUBLISHED, announce);
    fp_stash_bound(BOUND);
    cr_expect_eq(counts()->stashed, 0);
    cr_expect(is_zombie(first) && is_zombie(second));
    atomic_fetch_sub(&counts()->waiters, 1);
    leave_no_child();
}

static void kill_both(void) {
    results[0] = signal_to(first, SIGTERM);
    results[1] = signal_to(second, SIGTERM);
}

static void kill_both_by_thread(void) {
    in_thread(kill_both);
}

Test(stash, kill_during_the_stashing_answers_as_for_a_zombie) {
    static const enum fp_point windows[] = {FP_POINT_STASH_PUBLISHED, FP_POINT_AFTER_REAP};
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
        results[0] = results[1] = -1;
        first = tracked_zombie();
        second = tracked_zombie();
        at_point(windows[i], kill_both_by_thread);
        fp_stash_bound(BOUND);
        cr_expect(results[0] == 0 && results[1] == 0);
        leave_no_child();
    }
}

Test(stash, killed_in_the_window_is_not_stashed) {
    first = tracked_zombie();
    second = tracked_zombie();
    at_point(FP_POINT_BEFORE_KILL, stash_what_is_left_by_thread);
    cr_assert_eq(signal_to(first, 0), 0);
    cr_assert(is_zombie(first));
    leave_no_child();
}

static void make_grandchildless(void) {
    _exit(wait_any(0) == -ECHILD && counts()->stashed == 0);
}

Test(stash, forked_child_has_no_stash) {
    int status = -1;
    given_one_stashed();
    pid_t pid = tracked_fork(make_grandchildless);
    cr_assert_eq(fp_reap_wait4(pid, &status, 0, NULL), pid);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    leave_no_child();
}
