#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proc.h"

TestSuite(proc, .timeout = 10);

#define TAIL                                                                                       \
    " S 17 18 19 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 3 0 987654321 1 2 18446744073709551615 1 1\n"

Test(proc, a_name_may_hold_anything) {
    static const char *const names[] = {"sleep", "a b", ")", "x) S 1 (y", "two\nlines", "((", ""};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char text[256];
        struct fp_proc_stat stat;
        snprintf(text, sizeof text, "42 (%s)" TAIL, names[i]);
        cr_assert_eq(fp_proc_parse_stat(text, &stat), 0, "'%s'", names[i]);
        cr_expect_str_eq(stat.comm, names[i]);
        cr_expect(stat.pid == 42 && stat.ppid == 17 && stat.pgrp == 18 && stat.state == 'S');
        cr_expect_eq(stat.threads, 3);
        cr_expect_eq(stat.start, 987654321);
        cr_expect(stat.flags == 4194304 && stat.ticks == 5 + 6);
    }
}

Test(proc, a_text_that_is_no_stat_line_is_refused) {
    static const char *const rows[] = {"", "1", "1 (a", "1 (a) S 2", ") 1 (", "1 (a) S 2 3 4\n"};
    struct fp_proc_stat stat;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_eq(fp_proc_parse_stat(rows[i], &stat), -EINVAL, "'%s'", rows[i]);
}

Test(proc, a_process_with_an_odd_name_is_read) {
    struct fp_proc_stat stat;
    prctl(PR_SET_NAME, "o) d\n(d");
    cr_assert_eq(fp_proc_stat(getpid(), &stat), 0);
    cr_expect_str_eq(stat.comm, "o) d\n(d");
    cr_expect_eq(stat.ppid, getppid());
    cr_expect(fp_proc_alive(&stat));
}

Test(proc, a_zombie_is_not_alive_and_a_reaped_one_is_gone) {
    struct fp_proc_stat stat;
    siginfo_t info;
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
    cr_assert_eq(fp_proc_stat(pid, &stat), 0);
    cr_expect_not(fp_proc_alive(&stat));
    waitpid(pid, NULL, 0);
    cr_expect_eq(fp_proc_stat(pid, &stat), -ESRCH);
}

Test(proc, blocked_signals_are_seen_pending) {
    sigset_t set;
    uint64_t pending;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    kill(getpid(), SIGUSR1);
    cr_assert_eq(fp_proc_pending(getpid(), &pending), 0);
    cr_expect_eq(pending, UINT64_C(1) << (SIGUSR1 - 1));
}

/* A zombie has the flag of those that exit. */
Test(proc, one_that_has_exited_is_ending) {
    siginfo_t info;
    pid_t pid = fork();
    if (pid == 0)
        for (;;)
            pause();
    cr_expect_not(fp_proc_is_ending(pid));
    kill(pid, SIGTERM);
    waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
    cr_expect(fp_proc_is_ending(pid));
    waitpid(pid, NULL, 0);
    cr_expect(fp_proc_is_ending(pid));
    cr_expect_not(fp_proc_is_running(pid));
}

static void *stay(void *unused) {
    for (;;)
        pause();
    return unused;
}

/* Its first thread has left, and the others stay. */
Test(proc, one_of_whose_threads_one_has_left_is_not_ending) {
    struct fp_proc_stat stat = {.state = 'S'};
    pid_t pid = fork();
    if (pid == 0) {
        pthread_t thread;
        pthread_create(&thread, NULL, stay, NULL);
        pthread_exit(NULL);
    }
    while (stat.state != 'Z')
        cr_assert_eq(fp_proc_stat(pid, &stat), 0);
    cr_expect_not(fp_proc_is_ending(pid));
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* It cannot take the signal before it has its processor back. */
Test(proc, one_that_was_killed_and_has_not_noticed_is_ending) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((unsigned)sched_getcpu(), &one);
    cr_assert_eq(sched_setaffinity(0, sizeof one, &one), 0);
    pid_t pid = fork();
    if (pid == 0) {
        sched_setscheduler(0, SCHED_IDLE, &(struct sched_param){0});
        for (;;)
            ;
    }
    cr_expect_not(fp_proc_is_ending(pid));
    cr_expect(fp_proc_is_running(pid));
    kill(pid, SIGKILL);
    cr_expect(fp_proc_is_ending(pid));
    waitpid(pid, NULL, 0);
}

Test(proc, the_newest_pid_changes_with_each_birth) {
    pid_t before, after;
    cr_assert_eq(fp_proc_newest(&before), 0);
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    cr_assert_eq(fp_proc_newest(&after), 0);
    cr_expect_neq(before, after);
    waitpid(pid, NULL, 0);
}

Test(proc, this_proc_is_usable) {
    cr_expect_null(fp_proc_problem());
}
