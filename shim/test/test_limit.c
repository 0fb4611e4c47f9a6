/* --max-procs: places are taken, given back, and found again by counting. */
#include "suite.h"

#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "birth.h"
#include "contract.h"
#include "ledger.h"
#include "limit.h"
#include "proc.h"
#include "register.h"
#include "settings.h"

static struct fp_ledger *ledger;

/* The test is the top; `limit` below it. */
static void begin(void) {
    static char variable[64];
    note_descriptors();
    int fd = memfd_create("ledger", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    cr_assert_eq(ftruncate(fd, sizeof *ledger), 0);
    cr_assert_eq(fcntl(fd, 1033 /* F_ADD_SEALS */, 2 /* F_SEAL_SHRINK */), 0);
    snprintf(variable, sizeof variable, FP_ENV_LEDGER "=/proc/self/fd/%d", fd);
    fp_settings.ledger = variable;
    ledger = mmap(NULL, sizeof *ledger, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    cr_assert_neq(ledger, MAP_FAILED);
    ledger->magic = FP_LEDGER_MAGIC;
    ledger->namespace = fp_proc_namespace();
    ledger->top = getpid();
    ledger->limit = 3;
    cr_assert_not_null(fp_ledger_enter());
    close(fd);
}

TestSuite(limit, .timeout = 60, .init = begin, .fini = nothing_remains);

static pid_t fork_counted(void) {
    int refused = fp_birth_begin_elsewhere();
    return refused < 0 ? refused : fp_birth_end_elsewhere(bare_fork(stays));
}

static void end_counted(pid_t pid) {
    bare_end(pid);
    fp_limit_gone(fp_ledger(), pid);
}

Test(limit, beyond_it_is_eagain) {
    pid_t pids[3];
    for (int i = 0; i < 3; i++)
        cr_assert_gt(pids[i] = fork_counted(), 0);
    cr_assert_eq(fork_counted(), -EAGAIN);
    cr_assert_eq(ledger->denied, 1);
    end_counted(pids[0]);
    pids[0] = fork_counted();
    cr_assert_gt(pids[0], 0);
    for (int i = 0; i < 3; i++)
        end_counted(pids[i]);
    cr_assert_eq(ledger->live, 0);
}

Test(limit, zombies_count) {
    ledger->limit = 1;
    ledger->live = 1;
    pid_t pid = bare_zombie();
    cr_assert_eq(fork_counted(), -EAGAIN);
    bare_end(pid);
}

Test(limit, a_failed_fork_gives_its_place_back) {
    cr_assert_eq(fp_birth_begin(), 0);
    cr_assert_eq(ledger->live, 1);
    fp_birth_end(-1, (struct fp_birth){0});
    cr_assert_eq(ledger->live, 0);
}

Test(limit, what_nobody_saw_go_is_found_by_counting) {
    ledger->live = 1000;
    pid_t pid = fork_counted();
    cr_assert_gt(pid, 0);
    cr_assert_eq(ledger->live, 1);
    end_counted(pid);
}

static uint64_t now(void) {
    struct timespec time = fp_sys_boot_time();
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

Test(limit, a_count_that_was_killed_in_the_middle_is_not_waited_for_long) {
    ledger->live = 1000;
    ledger->counting = now() + 20000000;
    pid_t pid = fork_counted();
    cr_assert_gt(pid, 0);
    end_counted(pid);
}

Test(limit, times_that_nobody_can_have_meant_count_for_nothing) {
    ledger->live = 1000;
    ledger->counting = UINT64_MAX;
    ledger->full = UINT64_MAX;
    ledger->rest = UINT32_MAX;
    pid_t pid = fork_counted();
    cr_assert_gt(pid, 0);
    end_counted(pid);
}

/* A count in vain is no answer for whoever asks after it. */
Test(limit, a_place_that_nobody_saw_freed_is_found_at_once) {
    pid_t pids[3];
    for (int i = 0; i < 3; i++)
        pids[i] = fork_counted();
    cr_assert_eq(fork_counted(), -EAGAIN);
    bare_end(pids[0]);
    pids[0] = fork_counted();
    cr_assert_gt(pids[0], 0);
    for (int i = 0; i < 3; i++)
        end_counted(pids[i]);
}

static struct shared { _Atomic(pid_t) pids[2]; } * shared;

static void has_two(void) {
    shared->pids[0] = bare_fork(stays);
    shared->pids[1] = bare_fork(stays);
    stays();
}

/* Those that have lost their parent have come to the top. */
Test(limit, all_below_the_top_are_counted) {
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t pid = bare_fork(has_two);
    while (!shared->pids[1])
        sched_yield();
    cr_assert_eq(fp_limit_count(ledger, 10), 3);
    cr_assert_eq(fp_limit_count(ledger, 2), 2);
    bare_end(pid);
    cr_assert_eq(fp_limit_count(ledger, 10), 2);
    bare_end(shared->pids[0]);
    bare_end(shared->pids[1]);
}

/* As in the run's own: its init does not count. */
NamespacedTest(limit, in_a_namespace_all_are_counted) {
    mount_proc("proc");
    ledger->top = 0;
    pid_t pids[2] = {bare_fork(stays), bare_fork(stays)};
    claim(fp_limit_count(ledger, 10) == 3);
    claim(fp_limit_count(ledger, 2) == 2);
    bare_end(pids[0]);
    bare_end(pids[1]);
}
