/*
 * Races of three and more (docs/races.md): a pid that comes back while somebody still acts on its
 * last holder, handlers above waits, two threads that would wait for each other. Each is played by
 * stopping one side at a point of the protocol and running the others there.
 */
#include "suite.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <unistd.h>

#include "chld.h"

SUITE(race);

static pid_t first, second;
static long results[4];

static long wait_by_id(pid_t pid, siginfo_t *ret_info) {
    ret_info->si_pid = 0;
    return fp_reap_waitid(P_PID, pid, ret_info, WEXITED, NULL);
}

/* Of the zombies, this one; another must be there. */
static void stash_one(pid_t pid) {
    atomic_store(&counts()->hand, (unsigned)pid - 1);
    fp_stash_bound(1);
}

/* --- R1: two reapers of a pid that has come back --- */

static void wait_first(void) {
    results[1] = wait_for(first, 0);
}

/* A fork that stays in flight returns the pid again, and its child is reaped at once. */
static void come_back_and_be_reaped(void) {
    fp_fork_begin();
    second = awaited(bare_fork_as(first, exits));
    in_thread(wait_first);
}

NamespacedTest(race, reaper_that_is_overtaken_leaves_no_live_entry) {
    first = tracked_zombie();
    at_point(FP_POINT_BEFORE_GONE, come_back_and_be_reaped);
    claim(wait_for(first, 0) == first);
    claim(second == first && results[1] == first);
    fp_fork_end(first, false);
    claim(fp_word_n(word_of(first)) == 0);
    make_stranger(first);
    claim(signal_to(first, SIGTERM) == -ESRCH);
    claim(strangers_live());
}

/* --- R5: the set of stashed pids --- */

static void announce(void) {
    atomic_fetch_add(&counts()->waiters, 1);
}

static void stash_again(void) {
    atomic_fetch_sub(&counts()->waiters, 1);
    fp_stash_bound(1);
}

static void stash_again_by_thread(void) {
    in_thread(stash_again);
}

/* The waiter has left and the zombie is stashed again before the first stash is unlisted. */
NamespacedTest(race, status_stashed_while_one_is_taken_back_is_found) {
    first = tracked_zombie();
    second = tracked_zombie();
    at_point(FP_POINT_STASH_PUBLISHED, announce);
    at_point(FP_POINT_BEFORE_UNLIST, stash_again_by_thread);
    fp_stash_bound(1);
    claim(!is_armed(FP_POINT_BEFORE_UNLIST));
    claim(wait_any(WNOHANG) > 0);
    claim(wait_any(WNOHANG) > 0);
}

static sem_t go, there;

static void stop_here(void) {
    sem_post(&there);
    sem_wait(&go);
}

static bool found;

static void *take_any_status(void *unused) {
    struct fp_event event;
    const struct fp_wanted any = {P_ALL, 0, WEXITED};
    found = fp_stash_take(&any, &event);
    return unused;
}

static pthread_t taker;

static void let_taker_finish(void) {
    sem_post(&go);
    pthread_join(taker, NULL);
}

/* Who was about to unlist the last holder of the pid does so when the next one is listed already.
 */
NamespacedTest(race, status_unlisted_late_by_another_is_found) {
    sem_init(&go, 0, 0);
    sem_init(&there, 0, 0);
    first = tracked_zombie();
    second = tracked_zombie();
    stash_one(first);
    at_point(FP_POINT_BEFORE_UNLIST, stop_here);
    pthread_create(&taker, NULL, take_any_status, NULL);
    sem_wait(&there);
    claim(wait_for(first, 0) == first);
    (void)awaited(tracked_fork_as(first, exits));
    claim(wait_for(second, 0) == second);
    (void)tracked_zombie();
    at_point(FP_POINT_BEFORE_STASH, let_taker_finish);
    stash_one(first);
    claim(!is_armed(FP_POINT_BEFORE_STASH) && !found);
    claim(wait_any(WNOHANG) > 0);
    claim(wait_any(WNOHANG) > 0);
}

/* --- R6: looking past a deferred zombie --- */

static void wait_both(void) {
    results[0] = wait_any(0);
    results[1] = wait_any(0);
}

static void wait_any_above(void) {
    results[2] = wait_any(0);
}

static pthread_barrier_t all;
static sem_t turn;

static void meet_and_wait(void);

/* The other killer comes to the same point. Both zombies are deferred once all have met twice. */
static void meet_first(void) {
    at_point(FP_POINT_BEFORE_KILL, meet_and_wait);
    sem_post(&turn);
    meet_and_wait();
}

static void meet_and_wait(void) {
    pthread_barrier_wait(&all);
    pthread_barrier_wait(&all);
    in_handler(wait_any_above);
}

/* The kernel shows a thread the children first that it has forked itself. */
static void *fork_one_kill_other(void *argument) {
    pid_t *own = argument;
    pid_t *others = own == &first ? &second : &first;
    *own = tracked_zombie();
    pthread_barrier_wait(&all);
    if (own == &second)
        sem_wait(&turn);
    (void)signal_to(*others, 0);
    return NULL;
}

Test(race, two_handlers_do_not_wait_for_each_others_killers) {
    pthread_t killers[2];
    alarm(10);
    pthread_barrier_init(&all, NULL, 3);
    sem_init(&turn, 0, 0);
    at_point(FP_POINT_BEFORE_KILL, meet_first);
    pthread_create(&killers[0], NULL, fork_one_kill_other, &first);
    pthread_create(&killers[1], NULL, fork_one_kill_other, &second);
    pthread_barrier_wait(&all);
    pthread_barrier_wait(&all);
    wait_both();
    cr_expect(results[0] > 0 && results[1] > 0 && results[0] != results[1]);
    pthread_barrier_wait(&all);
    pthread_join(killers[0], NULL);
    pthread_join(killers[1], NULL);
    cr_expect_eq(results[2], -ECHILD);
}

static void end_second(void) {
    (void)fp_sys_kill(second, SIGKILL);
    (void)awaited(second);
}

static void *kill_first(void *unused) {
    (void)signal_to(first, 0);
    return unused;
}

Test(race, wait_finds_the_next_child_although_a_killer_stays) {
    pthread_t killer;
    alarm(10);
    sem_init(&go, 0, 0);
    sem_init(&there, 0, 0);
    first = tracked_zombie();
    second = tracked_fork(stays);
    at_point(FP_POINT_BEFORE_KILL, stop_here);
    pthread_create(&killer, NULL, kill_first, NULL);
    sem_wait(&there);
    cr_expect_eq(wait_any(0), first);
    at_point(FP_POINT_LOOKED_PAST, end_second);
    cr_expect_eq(wait_any(0), second);
    sem_post(&go);
    pthread_join(killer, NULL);
}

static void look_past_first(void) {
    results[0] = wait_for(first, 0);
    at_point(FP_POINT_LOOKED_PAST, end_second);
    results[1] = wait_any(WNOHANG);
    results[2] = wait_any(WNOHANG);
}

Test(race, child_that_ends_after_it_was_looked_at_is_not_denied) {
    first = tracked_zombie();
    second = tracked_fork(stays);
    at_point(FP_POINT_BEFORE_KILL, look_past_first);
    cr_assert_eq(signal_to(first, 0), 0);
    cr_expect_eq(results[0], first);
    cr_expect_eq(results[1], 0, "%ld while a child is there", results[1]);
    cr_expect_eq(results[2], second);
}

/* --- R12: handlers above a wait that has seen its child --- */

static void come_back_and_wait(void) {
    second = awaited(tracked_fork_as(first, exits));
    results[1] = wait_any(WNOHANG);
    results[2] = wait_for(first, WNOHANG);
}

static void come_back_and_wait_above(void) {
    in_handler(come_back_and_wait);
}

/* The wait has taken what its note tells; the handler takes nothing more for it. */
NamespacedTest(race, child_that_comes_back_under_a_note_is_told_once) {
    first = tracked_zombie();
    at_point(FP_POINT_TAKEN, come_back_and_wait_above);
    claim(wait_any(0) == first);
    claim(second == first);
    claim(results[1] == second && results[2] == -ECHILD);
}

static volatile sig_atomic_t signals;

static void count_signal(int number) {
    (void)number;
    signals = signals + 1;
}

/* Not registered yet, it looks like the one that the wait below is taking. */
static void come_back_unregistered_and_wait(void) {
    fp_fork_begin();
    second = awaited(bare_fork_as(first, exits));
    signals = 0;
    results[1] = wait_any(WNOHANG);
}

static void come_back_unregistered_and_wait_above(void) {
    in_handler(come_back_unregistered_and_wait);
}

NamespacedTest(race, child_that_a_handler_looked_past_is_signalled_again) {
    struct sigaction count = {.sa_handler = count_signal};
    sigaction(SIGCHLD, &count, NULL);
    first = tracked_zombie();
    at_point(FP_POINT_AFTER_REAP, come_back_unregistered_and_wait_above);
    claim(wait_any(0) == first);
    fp_fork_end(second, false);
    claim(results[1] <= 0 && signals == 1);
    claim(wait_any(WNOHANG) == second);
}

static void stash_first(void) {
    stash_one(first);
}

static void stash_and_wait_above(void) {
    in_thread(stash_first);
    results[1] = wait_for(first, WNOHANG);
}

static void stash_and_wait_in_handler(void) {
    in_handler(stash_and_wait_above);
}

static void seen_child_is_stashed_at(enum fp_point window) {
    siginfo_t info;
    first = tracked_zombie();
    second = tracked_zombie();
    at_point(window, stash_and_wait_in_handler);
    cr_assert_eq(wait_by_id(first, &info), 0);
    cr_expect_eq(info.si_pid, first);
    cr_expect(info.si_code == CLD_EXITED && info.si_status == 7);
    cr_expect_eq(results[1], -ECHILD);
    cr_expect_eq(wait_for(second, 0), second);
}

Test(race, seen_child_that_is_stashed_is_told_to_the_wait_below) {
    seen_child_is_stashed_at(FP_POINT_AFTER_PEEK);
}

Test(race, seen_child_that_is_stashed_later_is_told_to_the_wait_below) {
    seen_child_is_stashed_at(FP_POINT_CLAIMED);
}

static void *stash_and_take_back(void *unused) {
    at_point(FP_POINT_STASH_PUBLISHED, stop_here);
    stash_one(first);
    return unused;
}

static void let_taker_take_back(void) {
    let_taker_finish();
    atomic_fetch_sub(&counts()->waiters, 1);
}

static void wait_while_it_is_taken_back(void) {
    pthread_create(&taker, NULL, stash_and_take_back, NULL);
    sem_wait(&there);
    announce();
    at_point(FP_POINT_SETTLING, let_taker_take_back);
    results[1] = wait_any(WNOHANG);
}

static void wait_in_handler_while_it_is_taken_back(void) {
    in_handler(wait_while_it_is_taken_back);
}

/* For the handler it is neither a zombie to take, nor, a moment later, in the stash. */
Test(race, seen_child_whose_stash_is_taken_back_is_told_to_the_wait_below) {
    siginfo_t info;
    sem_init(&go, 0, 0);
    sem_init(&there, 0, 0);
    first = tracked_zombie();
    second = tracked_zombie();
    at_point(FP_POINT_AFTER_PEEK, wait_in_handler_while_it_is_taken_back);
    cr_assert_eq(wait_by_id(first, &info), 0);
    cr_expect_eq(info.si_pid, first);
    cr_expect_eq(results[1], second);
}

/* --- R13: SIGCHLD was ignored --- */

static void set_chld(void (*handler)(int)) {
    fp_chld_changes(false);
    (void)signal(SIGCHLD, handler);
    fp_chld_changed();
}

NamespacedTest(race, child_from_when_sigchld_was_ignored_is_no_target_later) {
    set_chld(SIG_IGN);
    first = tracked_fork(exits);
    claim(wait_for(first, 0) == -ECHILD);    // until the kernel has reaped it
    claim(fp_word_is_child(word_of(first))); // which nothing tells us
    set_chld(SIG_DFL);
    make_stranger(first);
    claim(signal_to(first, SIGTERM) == -ESRCH);
    claim(strangers_live());
    fp_child_gone(first, fp_table_word(first), 0);
}
