/* Signals to single pids: which are sent, which are refused, and what a killer keeps in place. */
#include "suite.h"

#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "chld.h"
#include "settings.h"

SUITE(deliver);

static pid_t first, second;
static long results[4];

/* --- outside any window --- */

Test(deliver, live_child_gets_the_signal) {
    int status;
    pid_t pid = tracked_fork(stays);
    cr_assert_eq(signal_to(pid, 0), 0);
    cr_assert_eq(signal_to(pid, SIGTERM), 0);
    cr_assert_eq(fp_reap_wait4(pid, &status, 0, NULL), pid);
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

Test(deliver, zombie_answers_as_bare) {
    static const int signals[] = {0, SIGTERM, SIGKILL, 64, 65, 1000, -1, INT_MIN};
    pid_t pid = tracked_zombie();
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        cr_expect_eq(signal_to(pid, signals[i]), fp_sys_kill(pid, signals[i]), "%d", signals[i]);
    (void)wait_for(pid, 0);
}

Test(deliver, former_child_is_esrch) {
    pid_t pid = tracked_zombie();
    (void)wait_for(pid, 0);
    cr_assert_eq(signal_to(pid, 0), -ESRCH);
    cr_assert_eq(signal_to(pid, 1000), -ESRCH);
}

Test(deliver, pids_never_ours_answer_as_bare) {
    static const int pids[] = {1, INT_MIN, -INT_MAX, -99999999, 4194303, 4194304, INT_MAX};
    (void)counts();
    for (size_t i = 0; i < sizeof pids / sizeof *pids; i++) {
        cr_expect_eq(signal_to(pids[i], 0), fp_sys_kill(pids[i], 0), "%d", pids[i]);
        cr_expect_eq(signal_to(pids[i], 99), fp_sys_kill(pids[i], 99), "%d bad", pids[i]);
    }
    cr_expect_eq(signal_to(0, 0), 0);
    cr_expect_eq(signal_to(getpid(), 0), 0);
}

NamespacedTest(deliver, former_child_is_esrch_even_when_a_stranger_has_the_pid) {
    pid_t pid = tracked_zombie();
    claim(wait_for(pid, 0) == pid);
    make_stranger(pid);
    claim(fp_sys_kill(pid, 0) == 0);
    claim(signal_to(pid, SIGKILL) == -ESRCH);
    claim(strangers_live());
}

NamespacedTest(deliver, allow_signals_a_stranger_with_a_former_pid) {
    pid_t pid = tracked_zombie();
    claim(wait_for(pid, 0) == pid);
    make_stranger(pid);
    claim(fp_deliver(&(struct fp_signal){FP_BY_KILL, pid, 0, 0, NULL}, FP_STALE_ALLOW) == 0);
}

NamespacedTest(deliver, unregistered_child_with_a_former_pid_can_be_signalled) {
    int status;
    pid_t pid = tracked_zombie();
    claim(wait_for(pid, 0) == pid);
    claim(bare_fork_as(pid, stays) == pid);
    claim(signal_to(pid, 65) == -EINVAL);
    claim(signal_to(pid, SIGTERM) == 0);
    claim(fp_reap_wait4(pid, &status, 0, NULL) == pid && WTERMSIG(status) == SIGTERM);
}

/* The kernel reaps by itself while SIGCHLD is ignored: nothing pins the pid. */
NamespacedTest(deliver, child_reaped_by_the_kernel_is_esrch_when_a_stranger_has_the_pid) {
    (void)signal(SIGCHLD, SIG_IGN);
    pid_t pid = tracked_fork(exits);
    claim(fp_sys_wait4(-1, NULL, 0, NULL) == -ECHILD);
    make_stranger(pid);
    long result = signal_to(pid, SIGKILL);
    claim(strangers_live());
    claim(result == -ESRCH);
    fp_child_gone(pid, fp_table_word(pid), 0);
}

static void replace_first_by_a_stranger(void) {
    claim(fp_sys_kill(first, SIGKILL) == 0);
    claim(fp_sys_wait4(-1, NULL, 0, NULL) == -ECHILD); // until the kernel has reaped it
    make_stranger(first);
}

static void signal_while_a_stranger_comes(enum fp_by by, enum fp_point window) {
    siginfo_t info = {.si_code = SI_QUEUE};
    (void)signal(SIGCHLD, SIG_IGN);
    first = tracked_fork(stays);
    at_point(window, replace_first_by_a_stranger);
    long result = fp_deliver(&(struct fp_signal){by, first, first, SIGTERM, &info}, FP_STALE_DENY);
    claim(!is_armed(window));
    claim(strangers_live());
    claim(result == -ESRCH);
    fp_child_gone(first, fp_table_word(first), 0);
}

NamespacedTest(deliver, kill_of_a_child_that_ends_meanwhile_hits_nobody) {
    static const enum fp_by calls[] = {FP_BY_KILL, FP_BY_QUEUE};
    for (size_t i = 0; i < 2; i++) {
        signal_while_a_stranger_comes(calls[i], FP_POINT_BEFORE_PIDFD);
        signal_while_a_stranger_comes(calls[i], FP_POINT_PROVED);
    }
}

static bool threads_can_be_held(void) {
    int pidfd = fp_sys_pidfd_open(getpid(), FP_PIDFD_THREAD);
    return pidfd >= 0 && fp_sys_close(pidfd) == 0;
}

NamespacedTest(deliver, tgkill_of_a_child_that_ends_meanwhile_hits_nobody) {
    if (!threads_can_be_held())
        _exit(EXIT_SKIPPED);
    signal_while_a_stranger_comes(FP_BY_TGKILL, FP_POINT_BEFORE_PIDFD);
    signal_while_a_stranger_comes(FP_BY_TGKILL, FP_POINT_PROVED);
}

/* --- signals to one thread of a child that the kernel reaps --- */

static void answers_code(int number, siginfo_t *info, void *context) {
    (void)number;
    (void)context;
    _exit(info->si_code == SI_TKILL ? 7 : 8);
}

static int ready[2];

_Noreturn static void stay_to_answer(void) {
    const struct sigaction action = {.sa_sigaction = answers_code, .sa_flags = SA_SIGINFO};
    (void)sigaction(SIGUSR1, &action, NULL);
    (void)!write(ready[1], "r", 1);
    for (;;)
        pause();
}

Test(deliver, tgkill_answers_as_bare_where_nothing_pins_the_child) {
    static const struct {
        int to, number;
    } rows[] = {{0, SIGUSR1}, {-1, SIGUSR1}, {4194303, SIGUSR1}, {4194303, 99}, {1, SIGUSR1}};
    char byte;
    int status;
    cr_assert_eq(pipe(ready), 0);
    first = fork();
    if (first == 0)
        stay_to_answer();
    (void)counts(); // a child that nobody registered goes the same way as one that nothing pins
    cr_assert_eq(read(ready[0], &byte, 1), 1);
    *fp_table_word_make(first) = FP_EVER;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(
            fp_deliver(&(struct fp_signal){FP_BY_TGKILL, first, rows[i].to, rows[i].number, NULL},
                       FP_STALE_DENY),
            fp_sys_tgkill(first, rows[i].to, rows[i].number), "%zu", i);
    const struct fp_signal bad = {FP_BY_TGKILL, first, first, 99, NULL};
    cr_expect_eq(fp_deliver(&bad, FP_STALE_DENY), -EINVAL);
    const struct fp_signal good = {FP_BY_TGKILL, first, first, SIGUSR1, NULL};
    cr_expect_eq(fp_deliver(&good, FP_STALE_DENY), 0);
    cr_assert_eq(fp_sys_wait4(first, &status, 0, NULL), first);
    cr_expect_eq(WEXITSTATUS(status), 7, "si_code is not tgkill's");
    close(ready[0]);
    close(ready[1]);
    *fp_table_word(first) = 0;
}

/* --- what is said of a refused signal --- */

static enum fp_stale stale;

static void signal_first_by_every_call(void) {
    siginfo_t info = {.si_code = SI_QUEUE};
    const struct fp_signal signals[] = {{FP_BY_KILL, first, 0, 0, NULL},
                                        {FP_BY_TGKILL, first, 12345, SIGUSR1, NULL},
                                        {FP_BY_QUEUE, first, 0, SIGTERM, &info}};
    for (size_t i = 0; i < 3; i++)
        cr_expect_eq(fp_deliver(&signals[i], stale), -ESRCH);
}

#define LINE(call) "forkproof: tested[%d]: " call ": %d was a child and has been reaped: not sent\n"

static void expect_three_lines(const char *said) {
    char expected[1024];
    int own = getpid();
    snprintf(expected, sizeof expected,
             LINE("kill(%d, 0)") LINE("tgkill(%d, 12345, 10)") LINE("sigqueue(%d, 15)"), own, first,
             first, own, first, first, own, first, first);
    cr_expect_str_eq(said, expected);
}

Test(deliver, refused_signal_is_reported) {
    char said[1024];
    prctl(PR_SET_NAME, "tested");
    first = tracked_zombie();
    (void)wait_for(first, 0);
    stale = FP_STALE_DENY;
    cr_expect_eq(said_during(signal_first_by_every_call, said, sizeof said), 0);
    fp_settings.options.verbose = 1;
    said_during(signal_first_by_every_call, said, sizeof said);
    expect_three_lines(said);
    fp_settings.options.verbose = 0;
    stale = FP_STALE_REPORT;
    said_during(signal_first_by_every_call, said, sizeof said);
    expect_three_lines(said);
}

static void signal_zombie_and_stranger(void) {
    pid_t pid = tracked_zombie();
    cr_expect_eq(fp_deliver(&(struct fp_signal){FP_BY_KILL, pid, 0, SIGTERM, NULL}, stale), 0);
    cr_expect_eq(fp_deliver(&(struct fp_signal){FP_BY_KILL, 1 << 22, 0, 0, NULL}, stale), -ESRCH);
    (void)wait_for(pid, 0);
}

Test(deliver, signal_that_is_sent_or_is_for_nobody_of_ours_is_not_reported) {
    char said[1024];
    stale = FP_STALE_REPORT;
    cr_expect_eq(said_during(signal_zombie_and_stranger, said, sizeof said), 0);
}

/* --- what SIGCHLD does --- */

static void ignore_chld(void) {
    (void)signal(SIGCHLD, SIG_IGN);
    fp_chld_changed();
}

static void ignore_chld_by_thread(void) {
    in_thread(ignore_chld);
}

Test(deliver, disposition_that_changes_while_it_is_asked_for_is_not_remembered) {
    (void)counts();
    at_point(FP_POINT_BEFORE_LEARN, ignore_chld_by_thread);
    cr_expect_not(fp_chld_is_automatic());
    cr_expect(fp_chld_is_automatic());
}

/* --- R2: a wait while a thread is about to signal --- */

static void wait_first_in_window(void) {
    results[0] = wait_for(first, 0);
    results[1] = wait_for(first, WNOHANG);
    results[2] = signal_to(first, 0);
    results[3] = fp_sys_kill(first, 0);
}

static void wait_first_by_thread(void) {
    in_thread(wait_first_in_window);
}
static void wait_first_by_handler(void) {
    in_handler(wait_first_in_window);
}

static void deferred_reap(enum fp_point window, void (*action)(void)) {
    first = tracked_zombie();
    at_point(window, action);
    cr_assert_eq(signal_to(first, SIGTERM), 0);
    cr_expect_eq(results[0], first, "the waiter gets the status at once");
    cr_expect_eq(results[1], -ECHILD, "and only once");
    cr_expect_eq(results[2], -ESRCH, "no new killer enters");
    cr_expect_eq(results[3], 0, "the pid is pinned while the killer is there");
    cr_expect_eq(fp_sys_kill(first, 0), -ESRCH, "and gone when it has left");
}

Test(deliver, kill_in_the_window_defers_the_reap) {
    deferred_reap(FP_POINT_BEFORE_KILL, wait_first_by_thread);
}

Test(deliver, kill_in_the_window_defers_the_reap_of_a_handler) {
    deferred_reap(FP_POINT_BEFORE_KILL, wait_first_by_handler);
}

Test(deliver, kill_sent_and_not_returned_defers_the_reap) {
    deferred_reap(FP_POINT_AFTER_KILL, wait_first_by_thread);
}

static void wait_usage_and_info(void) {
    siginfo_t info = {0};
    struct rusage usage = {.ru_maxrss = -1};
    results[0] = fp_reap_waitid(P_PID, first, &info, WEXITED, &usage);
    results[1] = info.si_pid == first && info.si_code == CLD_EXITED && info.si_status == 7 &&
                 info.si_signo == SIGCHLD && info.si_uid == getuid();
    results[2] = usage.ru_maxrss > 0;
}

static void wait_usage_and_info_by_thread(void) {
    in_thread(wait_usage_and_info);
}

Test(deliver, deferred_zombie_gives_all_that_waitid_tells) {
    first = tracked_zombie();
    at_point(FP_POINT_BEFORE_KILL, wait_usage_and_info_by_thread);
    cr_assert_eq(signal_to(first, 0), 0);
    cr_assert_eq(results[0], 0);
    cr_assert(results[1]);
    cr_assert(results[2]);
}

/* --- two killers --- */

static sem_t inside, leave;

static void stay_inside(void) {
    sem_post(&inside);
    sem_wait(&leave);
}

static void *kill_first(void *unused) {
    results[0] = signal_to(first, SIGTERM);
    return unused;
}

Test(deliver, last_of_two_killers_reaps) {
    pthread_t other;
    sem_init(&inside, 0, 0);
    sem_init(&leave, 0, 0);
    first = tracked_zombie();
    at_point(FP_POINT_BEFORE_KILL, stay_inside);
    pthread_create(&other, NULL, kill_first, NULL);
    sem_wait(&inside);
    at_point(FP_POINT_BEFORE_KILL, wait_first_by_thread);
    cr_assert_eq(signal_to(first, 0), 0);
    cr_assert_eq(fp_sys_kill(first, 0), 0, "the other killer still pins it");
    sem_post(&leave);
    pthread_join(other, NULL);
    cr_assert_eq(fp_sys_kill(first, 0), -ESRCH);
}

/* --- R3: a handler that waits above a killer --- */

static volatile int chld_signals, collected;

static void reap_all(int signal) {
    (void)signal;
    chld_signals++;
    while (wait_any(WNOHANG) > 0)
        collected++;
}

static void raise_chld(void) {
    (void)raise(SIGCHLD);
}

static void reap_above_a_killer(pid_t (*behind)(void)) {
    first = tracked_zombie();
    second = behind();
    struct sigaction act = {.sa_handler = reap_all, .sa_flags = SA_RESTART};
    sigaction(SIGCHLD, &act, NULL);
    at_point(FP_POINT_BEFORE_KILL, raise_chld);
    results[0] = signal_to(first, SIGTERM);
}

Test(deliver, handler_waiting_above_a_killer_gets_every_status) {
    reap_above_a_killer(tracked_zombie);
    cr_assert_eq(collected, 2);
    cr_assert_eq(chld_signals, 1, "both by the handler above the killer");
    cr_assert_eq(fp_sys_wait4(-1, NULL, WNOHANG, NULL), -ECHILD, "no zombie is left");
}

Test(deliver, zombie_hidden_behind_a_deferred_one_is_signalled_again) {
    reap_above_a_killer(bare_zombie);
    cr_assert_eq(chld_signals, 2, "SIGCHLD is raised when the killer leaves");
    cr_assert_eq(collected, 2);
    cr_assert_eq(fp_sys_wait4(-1, NULL, WNOHANG, NULL), -ECHILD, "no zombie is left");
}

static void reap_above_a_killer_unregistered(void) {
    reap_above_a_killer(bare_zombie);
}

/* The kernel lets only the first thread queue a SIGCHLD that looks like its own. */
Test(deliver, hidden_zombie_is_signalled_again_by_any_thread) {
    in_thread(reap_above_a_killer_unregistered);
    cr_assert_eq(chld_signals, 2);
    cr_assert_eq(collected, 2);
    bare_end(second);
}

static void wait_twice(void) {
    results[0] = wait_any(0);
    results[1] = wait_any(0);
}

static void wait_twice_by_handler(void) {
    in_handler(wait_twice);
}

Test(deliver, blocking_wait_above_a_killer_answers_echild_when_no_child_is_left) {
    first = tracked_zombie();
    at_point(FP_POINT_BEFORE_KILL, wait_twice_by_handler);
    cr_assert_eq(signal_to(first, 0), 0);
    cr_assert_eq(results[0], first);
    cr_assert_eq(results[1], -ECHILD);
}

static sem_t go;

static void *end_second(void *unused) {
    sem_wait(&go);
    (void)fp_sys_kill(second, SIGKILL);
    return unused;
}

static void wait_twice_while_one_lives(void) {
    sem_post(&go);
    wait_twice();
}

static void wait_above_while_one_lives(void) {
    in_handler(wait_twice_while_one_lives);
}

Test(deliver, blocking_wait_above_a_killer_waits_for_the_living) {
    pthread_t killer;
    sem_init(&go, 0, 0);
    first = tracked_zombie();
    second = tracked_fork(stays);
    pthread_create(&killer, NULL, end_second, NULL);
    at_point(FP_POINT_BEFORE_KILL, wait_above_while_one_lives);
    cr_assert_eq(signal_to(first, 0), 0);
    pthread_join(killer, NULL);
    cr_assert_eq(results[0], first);
    cr_assert_eq(results[1], second);
}

/* Stays until a wait has had to look past the zombie. */
static void stay_until_looked_past(void) {
    sem_post(&inside);
    while (!(word_of(first) & FP_HIDDEN))
        sched_yield();
}

/* The killer is another thread, so a wait may well wait for it to leave. */
Test(deliver, wait_past_a_deferred_zombie_finds_an_unregistered_one) {
    pthread_t other;
    alarm(10);
    sem_init(&inside, 0, 0);
    first = tracked_zombie();
    second = bare_zombie();
    at_point(FP_POINT_BEFORE_KILL, stay_until_looked_past);
    pthread_create(&other, NULL, kill_first, NULL);
    sem_wait(&inside);
    results[1] = wait_any(0);
    results[2] = wait_any(0);
    pthread_join(other, NULL);
    bare_end(second);
    cr_assert_eq(results[1], first);
    cr_assert_eq(results[2], second, "%ld instead of the zombie behind", results[2]);
}

/* --- R4: the moments around a reap --- */

static void kill_first_in_window(void) {
    results[0] = signal_to(first, SIGKILL);
}
static void kill_first_by_thread(void) {
    in_thread(kill_first_in_window);
}

Test(deliver, kill_before_the_reap_answers_as_a_zombie) {
    first = tracked_zombie();
    at_point(FP_POINT_BEFORE_REAP, kill_first_by_thread);
    cr_assert_eq(wait_any(0), first);
    cr_assert_eq(results[0], 0);
}

Test(deliver, kill_after_the_reap_answers_as_gone) {
    first = tracked_zombie();
    at_point(FP_POINT_AFTER_REAP, kill_first_by_thread);
    cr_assert_eq(wait_any(0), first);
    cr_assert_eq(results[0], -ESRCH);
}

static void reuse_by_a_stranger_and_kill(void) {
    make_stranger(first);
    kill_first_by_thread();
}

NamespacedTest(deliver, kill_after_the_reap_spares_a_stranger) {
    first = tracked_zombie();
    at_point(FP_POINT_AFTER_REAP, reuse_by_a_stranger_and_kill);
    claim(wait_any(0) == first);
    claim(results[0] == -ESRCH);
    claim(strangers_live());
}

static void reuse_by_our_child_and_kill(void) {
    second = tracked_fork_as(first, stays);
    results[0] = signal_to(first, 0);
}

NamespacedTest(deliver, kill_after_the_reap_reaches_our_own_new_child) {
    first = tracked_zombie();
    at_point(FP_POINT_AFTER_REAP, reuse_by_our_child_and_kill);
    claim(wait_any(0) == first);
    claim(second == first && results[0] == 0);
    claim(fp_word_is_child(word_of(second)));
    tracked_end(second);
}

/* The last killer has reaped, its word still says "deferred", and fork returns the pid again. */
NamespacedTest(deliver, new_child_with_the_pid_of_a_deferred_one_can_be_signalled) {
    first = tracked_zombie();
    at_point(FP_POINT_BEFORE_KILL, wait_first_by_thread);
    at_point(FP_POINT_AFTER_REAP, reuse_by_our_child_and_kill);
    claim(signal_to(first, 0) == 0);
    long result = results[0];
    claim(second == first);
    tracked_end(second);
    claim(result == 0);
}
