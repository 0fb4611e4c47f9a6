/* The child table: its edges, its sets, and that a forked child finds it empty. */
#include "suite.h"

#include <unistd.h>

SUITE(table);

Test(table, process_that_never_forked_knows_nothing) {
    cr_assert_null(fp_table());
    cr_assert_null(fp_table_word(getpid()));
    cr_assert_null(fp_table_remains(getpid()));
    cr_assert_eq(fp_set_next(FP_SET_CHILDREN, 1), 0);
    fp_table_forget();
}

Test(table, pids_out_of_range_have_no_word) {
    static const pid_t pids[] = {0, -1, -4194303, FP_PID_MAX, FP_PID_MAX + 1, 0x7fffffff};
    for (size_t i = 0; i < sizeof pids / sizeof *pids; i++) {
        cr_expect_null(fp_table_word_make(pids[i]), "%d", pids[i]);
        cr_expect_null(fp_table_word(pids[i]), "%d", pids[i]);
        cr_expect_null(fp_table_remains(pids[i]), "%d", pids[i]);
    }
}

Test(table, pids_at_the_edges_have_a_word_each) {
    static const pid_t pids[] = {1, 1023, 1024, 2047, 4193280, 4194303};
    for (size_t i = 0; i < sizeof pids / sizeof *pids; i++) {
        _Atomic(fp_word) *word = fp_table_word_make(pids[i]);
        cr_assert_not_null(word);
        cr_assert_eq(*word, 0);
        *word = (fp_word)pids[i];
        cr_assert_not_null(fp_table_remains(pids[i]));
    }
    for (size_t i = 0; i < sizeof pids / sizeof *pids; i++) {
        cr_expect_eq(*fp_table_word(pids[i]), (fp_word)pids[i]);
        *fp_table_word(pids[i]) = 0;
    }
}

Test(table, set_is_gone_through_across_chunks) {
    static const pid_t pids[] = {1, 63, 64, 1023, 1024, 5000, 4193279, 4194303};
    enum { COUNT = sizeof pids / sizeof *pids };
    for (int i = COUNT; i-- > 0;) {
        (void)fp_table_word_make(pids[i]);
        fp_set_add(FP_SET_STASHED, pids[i]);
    }
    pid_t pid = 1;
    for (int i = 0; i < COUNT; i++, pid++) {
        pid = fp_set_next(FP_SET_STASHED, pid);
        cr_assert_eq(pid, pids[i]);
    }
    cr_assert_eq(pid, FP_PID_MAX);
    cr_assert_eq(fp_set_next(FP_SET_STASHED, pid), 0);
    cr_assert_eq(fp_set_next(FP_SET_CHILDREN, 1), 0);
    for (int i = 0; i < COUNT; i++)
        fp_set_remove(FP_SET_STASHED, pids[i]);
    cr_assert_eq(fp_set_next(FP_SET_STASHED, 1), 0);
}

#define SOME_PID 5000

static void fill(void) {
    *fp_table_word_make(SOME_PID) = fp_word_registered(0);
    fp_set_add(FP_SET_CHILDREN, SOME_PID);
    counts()->children = 1;
    counts()->in_flight = 1;
}

static void empty(void) {
    *fp_table_word(SOME_PID) = 0;
    fp_set_remove(FP_SET_CHILDREN, SOME_PID);
    counts()->children = 0;
    counts()->in_flight = 0;
}

static bool is_empty(void) {
    return word_of(SOME_PID) == 0 && fp_set_next(FP_SET_CHILDREN, 1) == 0 &&
           counts()->children == 0 && counts()->in_flight == 0;
}

static int status_of_child(void (*child)(void)) {
    int status = -1;
    pid_t pid = fork();
    if (pid == 0)
        child();
    (void)fp_sys_wait4(pid, &status, 0, NULL);
    return status;
}

static void is_wiped_by_the_kernel(void) {
    _exit(is_empty() ? 0 : 1);
}

Test(table, forked_child_finds_it_wiped) {
    fill();
    cr_assert(fp_table()->wiped);
    cr_assert_eq(status_of_child(is_wiped_by_the_kernel), 0);
    cr_assert_not(is_empty());
    empty();
}

/* As on a kernel before 4.14: what the parent knew is still there, and the child clears it. */
static void is_forgotten(void) {
    fill();
    fp_table()->wiped = false;
    fp_table_forget();
    _exit(is_empty() ? 0 : 1);
}

Test(table, forgetting_clears_what_the_kernel_did_not_wipe) {
    fill();
    cr_assert_eq(status_of_child(is_forgotten), 0);
    empty();
}

static void is_kept(void) {
    fill();
    fp_table_forget();
    _exit(is_empty() ? 1 : 0);
}

Test(table, forgetting_costs_nothing_where_the_kernel_wipes) {
    fill();
    cr_assert_eq(status_of_child(is_kept), 0);
    empty();
}
