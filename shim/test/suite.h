/* The frame of every suite: a deadline, and a check at the end that nothing is left behind. */
#ifndef FP_TEST_SUITE_H
#define FP_TEST_SUITE_H

#include <criterion/criterion.h>

#include "support.h"

#define SUITE(name)                                                                                \
    TestSuite(name, .timeout = 60, .init = note_descriptors, .fini = nothing_remains)

/* A test whose body runs in a pid namespace of its own and makes claims instead of assertions. */
#define NamespacedTest(suite, name)                                                                \
    static void suite##_##name(void);                                                              \
    Test(suite, name) {                                                                            \
        int status_ = in_namespace(suite##_##name);                                                \
        if (status_ == EXIT_SKIPPED)                                                               \
            cr_skip_test("pids cannot be chosen here");                                            \
        cr_assert_eq(status_, 0, "a claim inside the namespace does not hold");                    \
    }                                                                                              \
    static void suite##_##name(void)

#endif
