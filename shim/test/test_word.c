/* The word: pure functions over one pid's state. */
#include "suite.h"

SUITE(word);

Test(word, n_keeps_every_value_of_its_eight_bits) {
    for (int n = -128; n < 128; n++)
        cr_expect_eq(fp_word_n(fp_word_with_n(~(fp_word)0, n)), n);
}

Test(word, n_touches_no_other_field) {
    const fp_word ones = ~(fp_word)0;
    cr_assert_eq(fp_word_with_n(ones, 0), ones & ~((fp_word)0xff << FP_N_SHIFT));
    cr_assert_eq(fp_word_with_n(0, -1), (fp_word)0xff << FP_N_SHIFT);
}

Test(word, fields_do_not_overlap) {
    const fp_word fields[] = {0xffff,
                              FP_EVER,
                              FP_DEFER,
                              FP_STASH,
                              FP_PIDFD,
                              FP_HIDDEN,
                              FP_GENERATIONS,
                              (fp_word)0xff << FP_N_SHIFT,
                              FP_CLOSER * 0xffff,
                              FP_KILLER * 0xffff};
    fp_word all = 0;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        cr_expect_eq(all & fields[i], 0, "%zu", i);
        all |= fields[i];
    }
    cr_assert_eq(all, ~(fp_word)0);
}

Test(word, counters_are_read_back) {
    const fp_word w = 3 * FP_KILLER + 5 * FP_CLOSER + 0x1234;
    cr_assert_eq(fp_word_killers(w), 3);
    cr_assert_eq(fp_word_closers(w), 5);
    cr_assert_eq(fp_word_status(w), 0x1234);
}

Test(word, registered_child_is_a_child_until_it_is_gone) {
    fp_word w = fp_word_registered(0);
    cr_assert(fp_word_is_child(w));
    cr_assert(w & FP_EVER);
    w = fp_word_gone(w, false);
    cr_assert_not(fp_word_is_child(w));
    cr_assert(w & FP_EVER);
}

Test(word, registering_and_reaping_commute) {
    const fp_word reaped_first = fp_word_registered(fp_word_gone(0, true));
    const fp_word registered_first = fp_word_gone(fp_word_registered(0), true);
    cr_assert_eq(reaped_first, registered_first);
    cr_assert_eq(fp_word_n(reaped_first), 0);
}

Test(word, unregistered_child_leaves_no_debt_when_no_fork_is_in_flight) {
    cr_assert_eq(fp_word_n(fp_word_gone(0, false)), 0);
    cr_assert_eq(fp_word_n(fp_word_gone(0, true)), -1);
    cr_assert_eq(fp_word_n(fp_word_gone(fp_word_with_n(0, -1), false)), 0);
}

Test(word, pid_returned_twice_before_the_first_is_gone_stays_a_child) {
    fp_word w = fp_word_registered(fp_word_registered(0));
    cr_assert_eq(fp_word_n(w), 2);
    cr_assert(fp_word_is_child(fp_word_gone(w, false)));
}

Test(word, every_registration_has_another_generation) {
    fp_word w = 0;
    for (int i = 0; i < 20; i++) {
        fp_word next = fp_word_registered(w);
        cr_expect_neq(next & FP_GENERATIONS, w & FP_GENERATIONS);
        w = fp_word_with_n(next, 0);
    }
    cr_assert_eq(w & ~(FP_GENERATIONS | FP_EVER), 0, "the generation overflows into a neighbour");
}

Test(word, registering_gives_up_the_stash_and_keeps_the_counters) {
    fp_word w = fp_word_registered(FP_STASH | 0x700 | (2 * FP_KILLER + 3 * FP_CLOSER));
    cr_assert_not(w & FP_STASH);
    cr_assert_eq(fp_word_status(w), 0);
    cr_assert_eq(fp_word_killers(w), 2);
    cr_assert_eq(fp_word_closers(w), 3);
}

Test(word, deferred_zombie_is_no_child) {
    cr_assert_not(fp_word_is_child(fp_word_registered(0) | FP_DEFER));
}

Test(word, gone_keeps_the_stash) {
    fp_word w = fp_word_gone(fp_word_registered(0) | FP_STASH | FP_DEFER | 0x700, false);
    cr_assert(w & FP_STASH);
    cr_assert_not(w & FP_DEFER);
    cr_assert_eq(fp_word_status(w), 0x700);
}
