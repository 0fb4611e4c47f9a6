#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rundir.h"
#include "runname.h"

static char directory[] = "/tmp/test_runname.XXXXXX";
static int base;
static char own[FP_RUN_ID_SIZE];

static void enter(void) {
    struct stat ns;
    cr_assert_not_null(mkdtemp(directory));
    base = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cr_assert_geq(base, 0);
    cr_assert_eq(stat("/proc/self/ns/pid", &ns), 0);
    snprintf(own, sizeof own, "%d-01234567.%lu", (int)getpid(), (unsigned long)ns.st_ino);
}

static void leave(void) {
    unlinkat(base, "name-web", 0);
    close(base);
    cr_expect_eq(rmdir(directory), 0);
}

TestSuite(runname, .timeout = 10, .init = enter, .fini = leave);

Test(runname, is_what_a_file_a_word_and_a_person_can_be_called) {
    static const char *const good[] = {"web", "a", "Web-1.2_x", "1a", "_", "12-34"};
    static const char *const bad[] = {"",    "12",  ".",   "..",  ".a",       "-a",
                                      "a/b", "a b", "a\n", "a:b", "\xc3\xa4", "a*"};
    char longest[FP_RUNNAME_MAX + 2] = "";
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        cr_expect(fp_runname_is_valid(good[i]), "'%s'", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_not(fp_runname_is_valid(bad[i]), "'%s'", bad[i]);
    memset(longest, 'n', FP_RUNNAME_MAX);
    cr_expect(fp_runname_is_valid(longest));
    longest[FP_RUNNAME_MAX] = 'n';
    cr_expect_not(fp_runname_is_valid(longest));
}

Test(runname, is_taken_while_a_run_holds_it) {
    char holder[FP_RUN_ID_SIZE];
    int fd = fp_runname_claim(base, "web", own, holder, sizeof holder);
    cr_assert_geq(fd, 0);
    cr_expect_eq(fp_runname_claim(base, "web", "2-01234567.1", holder, sizeof holder), -EBUSY);
    cr_expect_str_eq(holder, own);
    fp_runname_clear(base, "name-web");
    cr_expect_eq(fp_runname_read(base, "web", holder, sizeof holder), 0, "and is not cleared away");
    cr_expect_str_eq(holder, own);
    fp_runname_release(base, "web", fd);
    cr_expect_eq(fp_runname_read(base, "web", holder, sizeof holder), -ENOENT);
}

Test(runname, of_a_run_that_was_killed_is_free) {
    char holder[FP_RUN_ID_SIZE];
    close(fp_runname_claim(base, "web", own, holder, sizeof holder));
    int fd = fp_runname_claim(base, "web", own, holder, sizeof holder);
    cr_expect_geq(fd, 0);
    close(fd);
    fp_runname_clear(base, "name-web");
    cr_expect_eq(fp_runname_read(base, "web", holder, sizeof holder), -ENOENT);
}

Test(runname, that_was_given_away_meanwhile_is_not_removed) {
    char holder[FP_RUN_ID_SIZE];
    int old = fp_runname_claim(base, "web", own, holder, sizeof holder);
    unlinkat(base, "name-web", 0);
    int fd = fp_runname_claim(base, "web", own, holder, sizeof holder);
    cr_expect_geq(fd, 0);
    fp_runname_release(base, "web", old);
    cr_expect_eq(fp_runname_read(base, "web", holder, sizeof holder), 0);
    fp_runname_release(base, "web", fd);
}

Test(runname, whose_file_is_something_else_is_refused) {
    char holder[FP_RUN_ID_SIZE];
    cr_assert_eq(mkfifoat(base, "name-web", 0600), 0);
    cr_expect_eq(fp_runname_claim(base, "web", own, holder, sizeof holder), -EINVAL);
    cr_expect_eq(fp_runname_read(base, "web", holder, sizeof holder), -EINVAL);
    unlinkat(base, "name-web", 0);
    cr_assert_eq(symlinkat("/dev/null", base, "name-web"), 0);
    cr_expect_eq(fp_runname_claim(base, "web", own, holder, sizeof holder), -ELOOP);
}
