/* Waits: as the raw system call answers, whatever is asked, whoever else is waiting. */
#include "suite.h"

#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

SUITE(reap);

static pid_t first, second;
static long results[4];

static void *unmapped(void) {
    void *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page;
}

/* --- statuses --- */

Test(reap, exit_status_pid_and_usage_are_the_kernels) {
    int status = 0;
    struct rusage usage = {.ru_maxrss = -1};
    pid_t pid = tracked_fork(exits);
    cr_assert_eq(fp_reap_wait4(pid, &status, 0, &usage), pid);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    cr_assert_gt(usage.ru_maxrss, 0);
}

Test(reap, signal_death_is_told_as_such) {
    int status = 0;
    pid_t pid = tracked_fork(stays);
    (void)signal_to(pid, SIGKILL);
    cr_assert_eq(fp_reap_wait4(pid, &status, 0, NULL), pid);
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

Test(reap, nohang_leaves_status_and_usage_alone) {
    int status = 0x5a5a;
    struct rusage usage;
    memset(&usage, 0x5a, sizeof usage);
    const struct rusage before = usage;
    pid_t pid = tracked_fork(stays);
    cr_assert_eq(fp_reap_wait4(pid, &status, WNOHANG, &usage), 0);
    cr_assert_eq(status, 0x5a5a);
    cr_assert_eq(memcmp(&usage, &before, sizeof usage), 0);
    tracked_end(pid);
}

Test(reap, nohang_waitid_clears_what_the_kernel_clears) {
    siginfo_t ours, raw;
    memset(&ours, 0x5a, sizeof ours);
    memset(&raw, 0x5a, sizeof raw);
    pid_t pid = tracked_fork(stays);
    cr_assert_eq(fp_reap_waitid(P_PID, pid, &ours, WEXITED | WNOHANG, NULL), 0);
    cr_assert_eq(fp_sys_waitid(P_PID, pid, &raw, WEXITED | WNOHANG, NULL), 0);
    cr_assert_eq(memcmp(&ours, &raw, sizeof raw), 0);
    tracked_end(pid);
}

Test(reap, nowait_leaves_the_zombie) {
    siginfo_t info = {0};
    pid_t pid = tracked_zombie();
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(fp_reap_waitid(P_ALL, 0, &info, WEXITED | WNOWAIT, NULL), 0);
        cr_assert_eq(info.si_pid, pid);
    }
    cr_assert_eq(wait_any(0), pid);
}

Test(reap, unregistered_children_are_waited_for_as_well) {
    pid_t pid = bare_fork(exits);
    cr_assert_eq(wait_any(0), pid);
    cr_assert_eq(wait_any(0), -ECHILD);
}

Test(reap, group_is_waited_for_by_its_number_and_by_zero) {
    pid_t pid = tracked_fork(stays);
    cr_assert_eq(setpgid(pid, pid), 0);
    cr_assert_eq(wait_for(0, WNOHANG), -ECHILD);
    cr_assert_eq(wait_for(-pid, WNOHANG), 0);
    (void)signal_to(pid, SIGKILL);
    cr_assert_eq(wait_for(-pid, 0), pid);
    pid = tracked_fork(exits);
    cr_assert_eq(wait_for(0, 0), pid);
}

Test(reap, pidfd_is_waited_for) {
    siginfo_t info = {0};
    pid_t pid = tracked_fork(exits);
    int pidfd = fp_sys_pidfd_open(pid, 0);
    cr_assert_eq(fp_reap_waitid(FP_P_PIDFD, pidfd, &info, WEXITED, NULL), 0);
    cr_assert_eq(info.si_pid, pid);
    cr_assert_eq(fp_reap_waitid(FP_P_PIDFD, pidfd, &info, WEXITED, NULL), -ECHILD);
    (void)fp_sys_close(pidfd);
}

Test(reap, stop_and_continue_are_told_once) {
    int status = 0;
    siginfo_t info = {0};
    pid_t pid = tracked_fork(stays);
    (void)signal_to(pid, SIGSTOP);
    cr_assert_eq(fp_reap_wait4(pid, &status, WUNTRACED, NULL), pid);
    cr_assert(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    cr_assert_eq(wait_for(pid, WUNTRACED | WNOHANG), 0);
    (void)signal_to(pid, SIGCONT);
    cr_assert_eq(fp_reap_waitid(P_ALL, 0, &info, WCONTINUED | WNOWAIT, NULL), 0);
    cr_assert_eq(info.si_code, CLD_CONTINUED);
    cr_assert_eq(fp_reap_wait4(-1, &status, WCONTINUED, NULL), pid);
    cr_assert(WIFCONTINUED(status));
    cr_assert_eq(wait_for(pid, WCONTINUED | WNOHANG), 0);
    tracked_end(pid);
}

/* --- the matrix: every answer equal to the raw call's --- */

#define BAD_OPTION 0x00100000

static const int wait4_options[] = {0,         WUNTRACED,   WCONTINUED,    WNOWAIT,
                                    WEXITED,   (int)__WALL, (int)__WCLONE, (int)__WNOTHREAD,
                                    BAD_OPTION};

/* With WNOHANG where the raw call would block. */
static void compare_wait4(pid_t pid) {
    for (size_t i = 0; i < sizeof wait4_options / sizeof *wait4_options; i++) {
        int options = wait4_options[i] | WNOHANG;
        int ours = 1, raw = 1;
        long expected = fp_sys_wait4(pid, &raw, options, NULL);
        long got = fp_reap_wait4(pid, &ours, options, NULL);
        cr_expect(got == expected && ours == raw, "wait4(%d, %#x): %ld, raw %ld", pid, options, got,
                  expected);
    }
}

static void compare_waitid(int type, long id) {
    static const int events[] = {0,
                                 WEXITED,
                                 WSTOPPED,
                                 WCONTINUED,
                                 WEXITED | WNOWAIT,
                                 WEXITED | (int)__WALL,
                                 WEXITED | (int)__WCLONE,
                                 WEXITED | (int)__WNOTHREAD,
                                 WEXITED | BAD_OPTION};
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        siginfo_t ours, raw;
        memset(&ours, 0x5a, sizeof ours);
        memset(&raw, 0x5a, sizeof raw);
        long expected = fp_sys_waitid(type, id, &raw, events[i] | WNOHANG, NULL);
        long got = fp_reap_waitid(type, id, &ours, events[i] | WNOHANG, NULL);
        cr_expect(got == expected && (got < 0 || memcmp(&ours, &raw, sizeof raw) == 0),
                  "waitid(%d, %ld, %#x): %ld, raw %ld", type, id, events[i], got, expected);
    }
}

static void compare_all(pid_t child) {
    const int pids[] = {INT_MIN, -INT_MAX, -1, 0, 1, child, -child, 4194304, INT_MAX};
    const long ids[] = {0, 1, -1, child, 4194304, INT_MAX};
    for (size_t i = 0; i < sizeof pids / sizeof *pids; i++)
        compare_wait4(pids[i]);
    for (int type = -1; type < 6; type++)
        for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
            compare_waitid(type, ids[i]);
}

Test(reap, every_answer_without_children_is_the_raw_one) {
    (void)counts();
    compare_all(4194000);
}

Test(reap, every_answer_with_a_live_child_is_the_raw_one) {
    pid_t pid = tracked_fork(stays);
    compare_all(pid);
    tracked_end(pid);
}

Test(reap, failed_waitid_clears_what_the_kernel_clears) {
    siginfo_t ours, raw;
    memset(&ours, 0x5a, sizeof ours);
    memset(&raw, 0x5a, sizeof raw);
    cr_assert_eq(fp_sys_waitid(P_ALL, 0, &raw, WEXITED, NULL), -ECHILD);
    cr_assert_eq(fp_reap_waitid(P_ALL, 0, &ours, WEXITED, NULL), -ECHILD);
    cr_assert_eq(memcmp(&ours, &raw, sizeof raw), 0);
}

/* Raw on one zombie, ours on another: what was consumed cannot be compared on the same one. */
Test(reap, every_way_to_wait_for_a_zombie_is_the_raw_one) {
    for (size_t i = 0; i < sizeof wait4_options / sizeof *wait4_options; i++) {
        int options = wait4_options[i] | WNOHANG;
        int status = 1, raw_status = 1;
        pid_t raw = bare_zombie();
        pid_t ours = tracked_zombie();
        long expected = fp_sys_wait4(raw, &raw_status, options, NULL);
        long got = fp_reap_wait4(ours, &status, options, NULL);
        cr_expect((got == ours ? raw : got) == expected && status == raw_status,
                  "%#x: %ld, raw %ld", options, got, expected);
        bare_end(raw);
        (void)wait_for(ours, WNOHANG);
    }
}

/* --- bad pointers --- */

Test(reap, bad_status_pointer_is_efault_and_the_child_is_reaped) {
    pid_t pid = tracked_zombie();
    cr_assert_eq(fp_reap_wait4(pid, unmapped(), 0, NULL), -EFAULT);
    cr_assert_eq(wait_for(pid, 0), -ECHILD);
    cr_assert_eq(signal_to(pid, 0), -ESRCH);
}

Test(reap, bad_usage_pointer_is_efault_and_the_child_is_reaped) {
    int status = 0;
    pid_t pid = tracked_zombie();
    cr_assert_eq(fp_reap_wait4(pid, &status, 0, unmapped()), -EFAULT);
    cr_assert_eq(wait_for(pid, 0), -ECHILD);
}

Test(reap, bad_siginfo_pointer_is_efault_and_the_child_is_reaped) {
    pid_t pid = tracked_zombie();
    cr_assert_eq(fp_reap_waitid(P_PID, pid, unmapped(), WEXITED, NULL), -EFAULT);
    cr_assert_eq(wait_for(pid, 0), -ECHILD);
}

Test(reap, bad_pointers_for_nothing_answer_as_bare) {
    void *bad = unmapped();
    pid_t pid = tracked_fork(stays);
    cr_assert_eq(fp_reap_wait4(pid, bad, WNOHANG, bad), fp_sys_wait4(pid, bad, WNOHANG, bad));
    cr_assert_eq(fp_reap_waitid(P_PID, pid, bad, WEXITED | WNOHANG, NULL),
                 fp_sys_waitid(P_PID, pid, bad, WEXITED | WNOHANG, NULL));
    tracked_end(pid);
}

Test(reap, bad_pointers_of_a_deferred_zombie_are_efault) {
    first = tracked_zombie();
    atomic_fetch_add(fp_table_word(first), FP_KILLER); // a killer that stays
    cr_assert_eq(fp_reap_wait4(first, unmapped(), 0, NULL), -EFAULT);
    cr_assert_eq(wait_for(first, 0), -ECHILD);
    atomic_fetch_sub(fp_table_word(first), FP_KILLER - FP_CLOSER);
    fp_stash_reap_deferred(first, fp_table_word(first));
}

/* --- several waiters --- */

static void wait_first(void) {
    results[1] = wait_for(first, 0);
}
static void wait_first_by_thread(void) {
    in_thread(wait_first);
}
static void wait_first_by_handler(void) {
    in_handler(wait_first);
}

/* A wait for any child sees first and takes then; one for a pid does both at once if it can. */
static void one_status(enum fp_point window, void (*other)(void)) {
    first = tracked_zombie();
    at_point(window, other);
    results[0] = wait_any(0);
    cr_assert_eq(results[0] == first ? results[1] : results[0], -ECHILD);
    cr_assert(results[0] == first || results[1] == first);
}

Test(reap, two_waiters_on_one_child_share_one_status) {
    one_status(FP_POINT_AFTER_PEEK, wait_first_by_thread);
    one_status(FP_POINT_BEFORE_REAP, wait_first_by_thread);
    one_status(FP_POINT_AFTER_REAP, wait_first_by_thread);
}

Test(reap, waiter_and_handler_above_it_share_one_status) {
    one_status(FP_POINT_AFTER_PEEK, wait_first_by_handler);
    one_status(FP_POINT_BEFORE_REAP, wait_first_by_handler);
    one_status(FP_POINT_AFTER_REAP, wait_first_by_handler);
}

static sem_t blocking;

static void say_blocking(void) {
    sem_post(&blocking);
}

static void *wait_any_in_thread(void *slot) {
    *(long *)slot = wait_any(0);
    return NULL;
}

Test(reap, waiters_for_any_get_different_children) {
    pthread_t threads[2];
    long got[2];
    first = tracked_fork(stays);
    second = tracked_fork(stays);
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, wait_any_in_thread, &got[i]);
    (void)signal_to(first, SIGKILL);
    (void)signal_to(second, SIGKILL);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    cr_assert((got[0] == first && got[1] == second) || (got[0] == second && got[1] == first));
}

/* The zombie seen is taken by another thread and its pid is a live child by the time of the reap.
 */
static void take_it_and_reuse_its_pid(void) {
    in_thread(wait_first);
    second = tracked_fork_as(first, stays);
}

NamespacedTest(reap, waitid_does_not_take_a_live_child_with_the_pid_of_the_zombie_it_saw) {
    siginfo_t info = {0};
    first = tracked_zombie();
    at_point(FP_POINT_BEFORE_REAP, take_it_and_reuse_its_pid);
    long result = fp_reap_waitid(P_ALL, 0, &info, WEXITED | WNOHANG, NULL);
    claim(second == first && results[1] == first);
    bool still_known = fp_word_is_child(word_of(second));
    tracked_end(second);
    claim(result == 0 && info.si_pid == 0);
    claim(still_known);
}

NamespacedTest(reap, wait4_does_not_take_a_live_child_with_the_pid_of_the_zombie_it_saw) {
    first = tracked_zombie();
    at_point(FP_POINT_BEFORE_REAP, take_it_and_reuse_its_pid);
    claim(fp_reap_wait4(-1, NULL, WNOHANG, NULL) == 0);
    claim(second == first && results[1] == first);
    claim(fp_word_is_child(word_of(second)));
    tracked_end(second);
}

/* --- leaving a blocked wait --- */

static void *wait_forever(void *unused) {
    (void)wait_any(0);
    return unused;
}

Test(reap, cancellation_leaves_no_waiter_and_no_status_lost) {
    pthread_t thread;
    void *left = NULL;
    sem_init(&blocking, 0, 0);
    first = tracked_fork(stays);
    at_point(FP_POINT_BEFORE_BLOCK, say_blocking);
    pthread_create(&thread, NULL, wait_forever, NULL);
    sem_wait(&blocking);
    pthread_cancel(thread);
    pthread_join(thread, &left);
    cr_assert_eq(left, PTHREAD_CANCELED);
    cr_assert_eq(counts()->waiters, 0);
    cr_assert_eq(wait_any(WNOHANG), 0);
    tracked_end(first);
}

static void cancel_self(void) {
    pthread_cancel(pthread_self());
}

static void *wait_cancelled(void *unused) {
    (void)wait_any(0);
    return unused;
}

Test(reap, pending_cancellation_leaves_the_zombie) {
    pthread_t thread;
    void *left = NULL;
    first = tracked_zombie();
    at_point(FP_POINT_BEFORE_BLOCK, cancel_self);
    pthread_create(&thread, NULL, wait_cancelled, NULL);
    pthread_join(thread, &left);
    cr_assert_eq(left, PTHREAD_CANCELED);
    cr_assert_eq(counts()->waiters, 0);
    cr_assert_eq(wait_any(0), first);
}

static void *wait_with_cancellation_off(void *unused) {
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    results[0] = wait_any(0);
    return unused;
}

Test(reap, disabled_cancellation_stays_disabled) {
    pthread_t thread;
    void *left = NULL;
    first = tracked_zombie();
    at_point(FP_POINT_BEFORE_BLOCK, cancel_self);
    pthread_create(&thread, NULL, wait_with_cancellation_off, NULL);
    pthread_join(thread, &left);
    cr_assert_null(left);
    cr_assert_eq(results[0], first);
}

static sigjmp_buf out;
static void jump_out(int signal) {
    (void)signal;
    siglongjmp(out, 1);
}

static pthread_t the_waiter;

/* Comes while the waiter is announced; a signal before the system call is as good as one in it. */
static void interrupt_the_waiter(void) {
    pthread_kill(the_waiter, SIGUSR1);
}

Test(reap, longjmp_out_of_a_blocked_wait_leaves_no_waiter) {
    struct sigaction act = {.sa_handler = jump_out};
    sigaction(SIGUSR1, &act, NULL);
    the_waiter = pthread_self();
    first = tracked_fork(stays);
    at_point(FP_POINT_BEFORE_BLOCK, interrupt_the_waiter);
    if (!sigsetjmp(out, 1)) {
        (void)wait_any(0);
        cr_assert_fail("the wait has ended");
    }
    cr_assert_eq(counts()->waiters, 0);
    tracked_end(first);
}

static volatile int handled;
static void note(int signal) {
    (void)signal;
    if (++handled == 2)
        (void)fp_sys_kill(first, SIGKILL);
}

static void *interrupt_twice(void *unused) {
    for (int i = 0; i < 2; i++) {
        pthread_kill(the_waiter, SIGUSR1);
        while (handled == i)
            sched_yield();
    }
    return unused;
}

static void interrupted_wait(int flags) {
    pthread_t thread;
    struct sigaction act = {.sa_handler = note, .sa_flags = flags};
    sigaction(SIGUSR1, &act, NULL);
    the_waiter = pthread_self();
    first = tracked_fork(stays);
    pthread_create(&thread, NULL, interrupt_twice, NULL);
    for (results[0] = -EINTR, results[1] = -1; results[0] == -EINTR; results[1]++)
        results[0] = wait_any(0);
    pthread_join(thread, NULL);
    cr_assert_eq(results[0], first);
}

Test(reap, restarting_handler_does_not_end_a_wait) {
    interrupted_wait(SA_RESTART);
    cr_assert_eq(results[1], 0);
}

static void expire(int signal) {
    (void)signal;
}

Test(reap, plain_handler_ends_a_wait_with_eintr) {
    struct sigaction act = {.sa_handler = expire};
    sigaction(SIGALRM, &act, NULL);
    first = tracked_fork(stays);
    ualarm(1000, 1000); // again and again: one may come before the system call
    cr_assert_eq(wait_any(0), -EINTR);
    ualarm(0, 0);
    cr_assert_eq(counts()->waiters, 0);
    tracked_end(first);
}

/* The wait polls while it looks past a zombie that a killer holds; a signal must end it as ever. */
static void expire_and_end_second(int signal) {
    (void)signal;
    if (++handled == 100)
        (void)fp_sys_kill(second, SIGKILL);
}

Test(reap, plain_handler_ends_a_wait_past_a_deferred_zombie) {
    struct sigaction act = {.sa_handler = expire_and_end_second};
    sigaction(SIGALRM, &act, NULL);
    first = tracked_zombie();
    second = tracked_fork(stays);
    atomic_fetch_add(fp_table_word(first), FP_KILLER);
    cr_assert_eq(wait_any(0), first);
    ualarm(1000, 1000);
    results[0] = wait_any(0);
    ualarm(0, 0);
    atomic_fetch_sub(fp_table_word(first), FP_KILLER - FP_CLOSER);
    fp_stash_reap_deferred(first, fp_table_word(first));
    tracked_end(second);
    cr_assert_eq(results[0], -EINTR, "%d signals did not end the wait", handled);
}
