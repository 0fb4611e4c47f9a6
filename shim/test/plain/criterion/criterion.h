/*
 * What these tests use of Criterion, for architectures for which there is none: each test in a
 * child of its own, one after the other. Only the program's one test file includes it.
 */
#ifndef FP_PLAIN_CRITERION_H
#define FP_PLAIN_CRITERION_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PLAIN_SKIPPED 77

struct plain_suite {
    unsigned timeout;
    void (*init)(void);
    void (*fini)(void);
};

static struct plain_test {
    struct plain_test *next;
    const char *name;
    void (*run)(void);
    const struct plain_suite *suite;
} * plain_tests;

static bool plain_failed;

static inline void plain_add(struct plain_test *test) {
    struct plain_test **end = &plain_tests;
    while (*end)
        end = &(*end)->next;
    *end = test;
}

#define TestSuite(name, ...) static const struct plain_suite plain_##name = {__VA_ARGS__}

#define Test(of, title)                                                                            \
    static void of##_##title##_body(void);                                                         \
    __attribute__((constructor)) static void of##_##title##_add(void) {                            \
        static struct plain_test test = {NULL, #of "." #title, of##_##title##_body, &plain_##of};  \
        plain_add(&test);                                                                          \
    }                                                                                              \
    static void of##_##title##_body(void)

static inline bool plain_claim(bool holds, const char *what, const char *file, int line) {
    if (!holds)
        printf("%s:%d: does not hold: %s\n", file, line, what);
    plain_failed |= !holds;
    return holds;
}

static inline void plain_end(bool goes_on, int status) {
    fflush(stdout);
    if (!goes_on)
        _exit(status);
}

#define cr_expect(claim, ...) (void)plain_claim((claim), #claim, __FILE__, __LINE__)
#define cr_assert(claim, ...) plain_end(plain_claim((claim), #claim, __FILE__, __LINE__), 1)
#define cr_assert_fail(...) cr_assert(false)
#define cr_skip_test(...) plain_end(false, PLAIN_SKIPPED)

#define cr_expect_not(a, ...) cr_expect(!(a))
#define cr_expect_eq(a, b, ...) cr_expect((a) == (b))
#define cr_expect_neq(a, b, ...) cr_expect((a) != (b))
#define cr_expect_null(a, ...) cr_expect((a) == NULL)
#define cr_expect_not_null(a, ...) cr_expect((a) != NULL)
#define cr_expect_str_eq(a, b, ...) cr_expect(strcmp(a, b) == 0)
#define cr_assert_not(a, ...) cr_assert(!(a))
#define cr_assert_eq(a, b, ...) cr_assert((a) == (b))
#define cr_assert_neq(a, b, ...) cr_assert((a) != (b))
#define cr_assert_lt(a, b, ...) cr_assert((a) < (b))
#define cr_assert_gt(a, b, ...) cr_assert((a) > (b))
#define cr_assert_leq(a, b, ...) cr_assert((a) <= (b))
#define cr_assert_geq(a, b, ...) cr_assert((a) >= (b))
#define cr_assert_null(a, ...) cr_assert((a) == NULL)
#define cr_assert_not_null(a, ...) cr_assert((a) != NULL)
#define cr_assert_str_eq(a, b, ...) cr_assert(strcmp(a, b) == 0)

static inline void plain_run(const struct plain_test *test) {
    if (test->suite->init)
        test->suite->init();
    test->run();
    if (test->suite->fini)
        test->suite->fini();
    plain_end(false, plain_failed);
}

int main(void) {
    unsigned failed = 0, skipped = 0, count = 0;
    for (const struct plain_test *test = plain_tests; test; test = test->next, count++) {
        int status = -1;
        pid_t pid = fork();
        if (pid == 0)
            plain_run(test);
        if (pid < 0 || waitpid(pid, &status, 0) != pid || status == -1)
            return 2;
        bool is_skipped = WIFEXITED(status) && WEXITSTATUS(status) == PLAIN_SKIPPED;
        if (status != 0 && !is_skipped)
            printf("%s: failed, status %x\n", test->name, (unsigned)status);
        fflush(stdout);
        skipped += is_skipped;
        failed += status != 0 && !is_skipped;
    }
    printf("%u tests, %u failed, %u skipped\n", count, failed, skipped);
    return failed > 0 || count == 0;
}

#endif
