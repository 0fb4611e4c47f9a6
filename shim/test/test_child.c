/* The life of a child in the table: begun, registered, gone (R1). */
#include "suite.h"

SUITE(child);

Test(child, forked_child_is_known_until_it_is_reaped) {
    pid_t pid = tracked_zombie();
    cr_assert(fp_word_is_child(word_of(pid)));
    cr_assert_eq(counts()->children, 1);
    cr_assert_eq(wait_for(pid, 0), pid);
    cr_assert_not(fp_word_is_child(word_of(pid)));
}

Test(child, failed_fork_registers_nothing) {
    fp_fork_begin();
    cr_assert_eq(counts()->in_flight, 1);
    fp_fork_end(-1, false);
    cr_assert_eq(counts()->in_flight, 0);
    cr_assert_eq(counts()->children, 0);
    cr_assert_eq(fp_set_next(FP_SET_CHILDREN, 1), 0);
}

static void expect_no_children(void) {
    bool empty =
        counts()->children == 0 && counts()->in_flight == 0 && fp_set_next(FP_SET_CHILDREN, 1) == 0;
    _exit(empty && wait_any(WNOHANG) == -ECHILD ? 0 : 1);
}

Test(child, forked_child_starts_without_children) {
    pid_t elder = tracked_fork(stays);
    int status = -1;
    pid_t pid = tracked_fork(expect_no_children);
    cr_assert_eq(fp_reap_wait4(pid, &status, 0, NULL), pid);
    cr_assert_eq(status, 0);
    tracked_end(elder);
}

/* --- R1: reaped before registered --- */

static long reaped;

static void reap_any(void) {
    reaped = wait_any(0);
}

static void reap_any_in_thread(void) {
    in_thread(reap_any);
}

Test(child, registration_after_reaping_leaves_no_live_entry) {
    know_every_range();
    at_point(FP_POINT_BEFORE_REGISTER, reap_any_in_thread);
    pid_t pid = tracked_fork(exits);
    cr_assert_eq(reaped, pid);
    cr_assert_eq(fp_word_n(word_of(pid)), 0);
    cr_assert_eq(counts()->children, 0);
    cr_assert_eq(signal_to(pid, 0), -ESRCH);
}

Test(child, registration_after_reaping_in_a_range_never_seen_leaves_no_live_entry) {
    at_point(FP_POINT_BEFORE_REGISTER, reap_any_in_thread);
    pid_t pid = tracked_fork(exits);
    cr_assert_eq(reaped, pid);
    bool known = fp_word_is_child(word_of(pid));
    fp_child_gone(pid, fp_table_word(pid), 0);
    cr_assert_not(known, "a kill of the reaped child is sent raw");
}

static void reap_any_in_handler(void) {
    in_handler(reap_any);
}

Test(child, handler_may_reap_the_child_of_the_fork_below_it) {
    know_every_range();
    at_point(FP_POINT_BEFORE_REGISTER, reap_any_in_handler);
    pid_t pid = tracked_fork(exits);
    cr_assert_eq(reaped, pid);
    cr_assert_eq(fp_word_n(word_of(pid)), 0);
    cr_assert_eq(signal_to(pid, 0), -ESRCH);
}

static void reap_any_and_reuse_its_pid(void) {
    in_thread(reap_any);
    make_stranger((pid_t)reaped);
}

NamespacedTest(child, stranger_with_the_pid_of_an_unregistered_child_is_not_signalled) {
    know_every_range();
    at_point(FP_POINT_BEFORE_REGISTER, reap_any_and_reuse_its_pid);
    pid_t pid = tracked_fork(exits);
    claim(reaped == pid);
    claim(signal_to(pid, SIGKILL) == -ESRCH);
    claim(strangers_live());
}

static pid_t unregistered;

static void reap_the_unregistered(void) {
    reaped = wait_for(unregistered, 0);
}

Test(child, reaping_an_unregistered_child_during_a_fork_does_not_unsettle_the_pid) {
    know_every_range();
    unregistered = bare_zombie();
    at_point(FP_POINT_BEFORE_REGISTER, reap_the_unregistered);
    pid_t pid = tracked_fork(stays);
    cr_assert_eq(reaped, unregistered);
    cr_assert_eq(signal_to(unregistered, 0), -ESRCH);
    cr_assert(fp_word_is_child(word_of(pid)));
    tracked_end(pid);
}

static pid_t youngest;

static void die_and_be_reaped_before_registering(void) {
    in_thread(reap_any);
    youngest = bare_fork_as((pid_t)reaped, stays);
}

/* The pid is reused at once by a second fork whose registration overtakes the first one's. */
NamespacedTest(child, registrations_of_one_pid_may_come_in_any_order) {
    know_every_range();
    fp_fork_begin();
    at_point(FP_POINT_BEFORE_REGISTER, die_and_be_reaped_before_registering);
    pid_t pid = tracked_fork(exits);
    claim(youngest == pid);
    fp_fork_end(youngest, false);
    claim(fp_word_n(word_of(pid)) == 1);
    claim(signal_to(pid, 0) == 0);
    tracked_end(pid);
}

/* --- pins --- */

Test(child, pin_is_for_children_only) {
    pid_t ours = tracked_fork(stays);
    pid_t other = bare_fork(stays);
    fp_child_pin(ours);
    fp_child_pin(other);
    fp_child_pin(0);
    fp_child_pin(-1);
    cr_assert(word_of(ours) & FP_PIDFD);
    cr_assert_not(word_of(other) & FP_PIDFD);
    tracked_end(ours);
    bare_end(other);
    cr_assert_not(word_of(ours) & FP_PIDFD);
}

static void pin_the_unregistered(void) {
    siginfo_t info;
    (void)fp_sys_waitid(P_ALL, 0, &info, WEXITED | WNOWAIT, NULL);
    fp_child_pin(info.si_pid);
}

/* Another thread may have learned the pid from the child itself. */
Test(child, pin_before_registration_counts) {
    know_every_range();
    at_point(FP_POINT_BEFORE_REGISTER, pin_the_unregistered);
    pid_t pid = tracked_fork(exits);
    cr_expect(word_of(pid) & FP_PIDFD, "the pidfd's zombie may be reaped early");
    (void)wait_for(pid, 0);
}

static pid_t recycled;

static void reuse_the_pid_and_pin_it(void) {
    recycled = tracked_fork_as(recycled, stays);
    fp_child_pin(recycled);
}

NamespacedTest(child, reaper_of_the_old_holder_leaves_the_new_one_pinned) {
    recycled = tracked_zombie();
    at_point(FP_POINT_AFTER_REAP, reuse_the_pid_and_pin_it);
    claim(wait_any(0) == recycled);
    claim(fp_word_n(word_of(recycled)) == 1);
    claim(word_of(recycled) & FP_PIDFD);
    tracked_end(recycled);
}
