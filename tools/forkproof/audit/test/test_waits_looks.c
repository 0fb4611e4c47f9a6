/* How the looks are taken, and what two of them must agree on. */
#include <dirent.h>

#include "waits_stage.h"

TestSuite(waits_looks, .timeout = 60, .init = set_up, .fini = tear_down);

static int count_descriptors(void) {
    int count = 0;
    DIR *dir = opendir("/proc/self/fd");
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

Test(waits_looks, looking_changes_nothing) {
    int before = count_descriptors();
    play("cat", two_pipes);
    find_cycle();
    uint64_t count = switches(&second);
    for (int i = 0; i < 20; i++) {
        next_look();
        fp_cycles_free(&cycles);
        cr_assert_eq(fp_waits_cycles(&first, &second, &cycles), 0);
        cr_assert_eq(cycles.count, 1);
        cr_assert_eq(second.waits[cycles.at[0].waits[0]].queued, shared->sizes[0]);
    }
    cr_expect_eq(switches(&second), count, "somebody was woken");
    cr_expect_eq(count_descriptors(), before);
}

static void breed(void) {
    shared->ready++;
    for (;;) {
        if (begin("short") == 0)
            _exit(0);
        wait(NULL);
    }
}

Test(waits_looks, those_that_vanish_are_left_out) {
    play("breeder", breed);
    while (shared->ready < 1)
        sched_yield();
    next_look();
    for (int i = 0; i < 100; i++) {
        next_look();
        cr_assert_eq(fp_waits_cycles(&first, &second, &cycles), 0);
        cr_assert_eq(cycles.count, 0);
        cr_assert_eq(count_stuck(&second), 0);
    }
}

Test(waits_looks, a_list_of_pids_may_name_nobody) {
    pid_t gone = begin("gone");
    if (gone == 0)
        _exit(0);
    waitpid(gone, NULL, 0);
    const pid_t pids[] = {gone, -1, 0};
    cr_assert_eq(fp_waits_look(pids, 3, &first), 0);
    cr_expect_eq(first.wait_count, 0);
    cr_assert_eq(fp_waits_look(NULL, 0, &second), 0);
    cr_expect_eq(second.wait_count, 0);
    cr_assert_eq(fp_waits_cycles(&first, &second, &cycles), 0);
    cr_expect_eq(cycles.count, 0);
    cr_expect_eq(count_stuck(&second), 0);
}

Test(waits_looks, a_list_of_pids_is_looked_at) {
    play("reader", own_writing_end);
    find_cycle();
    fp_waits_free(&first);
    fp_waits_free(&second);
    fp_cycles_free(&cycles);
    cr_assert_eq(fp_waits_look(shared->pids, 1, &first), 0);
    cr_assert_eq(fp_waits_look(shared->pids, 1, &second), 0);
    cr_assert_eq(fp_waits_cycles(&first, &second, &cycles), 0);
    cr_expect_eq(cycles.count, 1);
}

static void schedule(struct fp_wait *wait) {
    wait->switches++;
}

static void call_again(struct fp_wait *wait) {
    wait->at[7]++;
}

static void be_another_thread(struct fp_wait *wait) {
    wait->tid++;
}

static void be_born_later(struct fp_wait *wait) {
    second.processes[wait->process].born++;
}

static void use_another_pipe(struct fp_wait *wait) {
    memset(first.waits[0].key, 0, sizeof wait->key);
}

static void be_stopped(struct fp_wait *wait) {
    wait->state = 'T';
}

/* One of two has moved: neither is stuck. */
Test(waits_looks, looks_that_do_not_agree) {
    static void (*const moves[])(struct fp_wait *) = {
        schedule, call_again, be_another_thread, be_born_later, use_another_pipe, be_stopped};
    play("cat", two_pipes);
    find_cycle();
    for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++) {
        next_look();
        next_look();
        fp_cycles_free(&cycles);
        cr_assert_eq(fp_waits_cycles(&first, &second, &cycles), 0);
        cr_assert_eq(count_stuck(&second), 2);
        fp_cycles_free(&cycles);
        moves[i](&second.waits[0]);
        cr_assert_eq(fp_waits_cycles(&first, &second, &cycles), 0);
        cr_expect_eq(cycles.count, 0, "move %zu", i);
        cr_expect_eq(count_stuck(&second), 0, "move %zu", i);
    }
}
