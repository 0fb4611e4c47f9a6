/* What an image was started with. Each test is a process of its own, as each image is. */
#include "suite.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract.h"
#include "settings.h"

SUITE(settings);

#define OURS "/opt/lib/libforkproof.so"

static void read_variables(const char *a, const char *b, const char *c) {
    char *envp[] = {(char *)(uintptr_t)a, (char *)(uintptr_t)b, (char *)(uintptr_t)c, NULL};
    fp_settings_read(envp);
}

/* What reading says on stderr. */
static size_t said_while(const char *a, const char *b, const char *c, char *text, size_t size) {
    int ends[2];
    int stderr_copy = dup(STDERR_FILENO);
    (void)!pipe2(ends, O_NONBLOCK);
    dup2(ends[1], STDERR_FILENO);
    read_variables(a, b, c);
    dup2(stderr_copy, STDERR_FILENO);
    ssize_t length = read(ends[0], text, size - 1);
    close(ends[0]), close(ends[1]), close(stderr_copy);
    text[length > 0 ? length : 0] = '\0';
    return strlen(text);
}

Test(settings, defaults_hold_without_an_environment) {
    fp_settings_read(NULL);
    cr_assert_eq(fp_settings.options.zombies, FP_DEFAULT_ZOMBIES);
    cr_assert_null(fp_settings.preload);
    cr_assert_null(fp_settings.text);
    cr_assert_null(fp_settings.run);
    cr_assert_not(fp_settings.said);
}

Test(settings, own_item_is_found_among_foreign_ones_and_copied) {
    char list[] = "LD_PRELOAD=a.so " OURS ":b.so";
    read_variables(list, FP_ENV_RUN "=x", FP_ENV_OPTIONS "=zombies=2");
    memset(list, 'z', sizeof list - 1);
    cr_assert_str_eq(fp_settings.preload, OURS);
    cr_assert_str_eq(fp_settings.run, FP_ENV_RUN "=x");
    cr_assert_str_eq(fp_settings.text, FP_ENV_OPTIONS "=zombies=2");
    cr_assert_eq(fp_settings.options.zombies, 2);
}

Test(settings, last_of_two_lists_counts) {
    read_variables("LD_PRELOAD=" OURS, "LD_PRELOAD=foreign.so", "A=1");
    cr_assert_null(fp_settings.preload);
}

Test(settings, variables_that_only_begin_alike_are_not_read) {
    read_variables("LD_PRELOADED=" OURS, FP_ENV_OPTIONS "X=zombies=1", FP_ENV_RUN);
    cr_assert_null(fp_settings.preload);
    cr_assert_null(fp_settings.text);
    cr_assert_null(fp_settings.run);
}

Test(settings, items_are_ours_by_their_file_name) {
    static const char *const ours[] = {"libforkproof.so",
                                       "/a b/libforkproof.so",
                                       "libforkproof.so.1",
                                       "/x/libforkproof-audit.so",
                                       "/forkproof/$PLATFORM/libforkproof.so",
                                       "x.so::libforkproof.so"};
    static const char *const foreign[] = {
        "", ":", "libforkproof", "/libforkproof.so/x.so", "xlibforkproof.so", "libfork.so"};
    size_t length = 0;
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        cr_expect_not_null(fp_preload_item(ours[i], &length), "%s", ours[i]);
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        cr_expect_null(fp_preload_item(foreign[i], &length), "%s", foreign[i]);
    const char *list = "libforkproof.so:b.so:/n/libforkproof.so c.so";
    cr_assert_eq(fp_preload_item(list, &length), list + 21);
    cr_assert_eq(length, strlen("/n/libforkproof.so"));
}

Test(settings, bad_options_are_said_in_one_line) {
    char text[512];
    said_while(FP_ENV_OPTIONS "=zombies=1:x\ny=2:z", "A=1", "B=2", text, sizeof text);
    cr_assert_str_eq(text, "forkproof: " FP_ENV_OPTIONS ": unknown option 'x?y=2'\n");
    cr_assert(fp_settings.said);
    cr_assert_eq(fp_settings.options.zombies, 1);
}

Test(settings, what_an_earlier_image_has_said_is_not_said_again) {
    char text[512];
    cr_assert_eq(said_while(FP_ENV_OPTIONS "=x", FP_ENV_SAID "=1", "B=2", text, sizeof text), 0);
    cr_assert(fp_settings.said);
}

Test(settings, overlong_bad_option_stays_one_line) {
    static char option[2048] = FP_ENV_OPTIONS "=";
    static char text[4096];
    memset(option + strlen(option), 'x', sizeof option - 1 - strlen(option));
    size_t length = said_while(option, "A=1", "B=2", text, sizeof text);
    cr_assert(length <= 256 && text[length - 1] == '\n' && text[length - 2] == '\'');
}

/* Another image would look for it in its own directory. */
Test(settings, a_relative_path_is_kept_as_an_absolute_one) {
    cr_assert_eq(chdir("/usr"), 0);
    read_variables("LD_PRELOAD=a.so:lib/libforkproof.so:b.so", "A=1", "B=2");
    cr_assert_str_eq(fp_settings.preload, "/usr/lib/libforkproof.so");
    read_variables("LD_PRELOAD=./$PLATFORM/libforkproof.so", "A=1", "B=2");
    cr_assert_str_eq(fp_settings.preload, "/usr/./$PLATFORM/libforkproof.so");
}

Test(settings, a_name_that_is_searched_for_is_kept_as_it_is) {
    read_variables("LD_PRELOAD=libforkproof.so", "A=1", "B=2");
    cr_assert_str_eq(fp_settings.preload, "libforkproof.so");
}

Test(settings, a_relative_path_is_not_kept_where_no_list_can_name_its_directory) {
    static const char *const names[] = {"forkproof a", "forkproof:a", "forkproof$a"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char folder[64] = "/tmp/forkproof-test-XXXXXX";
        char text[512];
        cr_assert(mkdtemp(folder) && chdir(folder) == 0);
        cr_assert(mkdir(names[i], 0700) == 0 && chdir(names[i]) == 0);
        cr_expect_gt(said_while("LD_PRELOAD=./libforkproof.so", "A=1", "B=2", text, sizeof text),
                     0);
        cr_expect_null(fp_settings.preload, "%s", names[i]);
        cr_assert(chdir(folder) == 0 && rmdir(names[i]) == 0 && rmdir(folder) == 0);
    }
}

/* settings.h: "A preload path that does not fit is not kept, and that is said." */
Test(settings, preload_path_that_does_not_fit_is_not_kept_and_that_is_said) {
    static char list[FP_KEPT_SIZE + 100] = "LD_PRELOAD=/";
    char text[512];
    size_t used = strlen(list);
    memset(list + used, 'x', FP_KEPT_SIZE);
    strcpy(list + used + FP_KEPT_SIZE, "/libforkproof.so");
    size_t said = said_while(list, "A=1", "B=2", text, sizeof text);
    cr_assert_null(fp_settings.preload);
    cr_assert_gt(said, 0);
}

Test(settings, a_ledger_counts_within_a_run_only) {
    read_variables(FP_ENV_LEDGER "=/proc/7/fd/8", "A=1", "B=2");
    cr_assert_null(fp_settings.ledger);
    read_variables(FP_ENV_LEDGER "=/proc/7/fd/8", FP_ENV_RUN "=x", "B=2");
    cr_assert_str_eq(fp_settings.ledger, FP_ENV_LEDGER "=/proc/7/fd/8");
}

Test(settings, confinement_works_within_a_run_only) {
    char text[512];
    cr_assert_gt(said_while(FP_ENV_OPTIONS "=confine=on", "A=1", "B=2", text, sizeof text), 0);
    cr_assert_eq(fp_settings.options.confine, FP_CONFINE_OFF);
    cr_assert_eq(said_while(FP_ENV_OPTIONS "=confine=on", "A=1", "B=2", text, sizeof text), 0);
    read_variables(FP_ENV_OPTIONS "=confine=on", FP_ENV_RUN "=x", "B=2");
    cr_assert_eq(fp_settings.options.confine, FP_CONFINE_ON);
}
