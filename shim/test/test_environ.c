/* The environment of an exec: what is added, in which order, and that the new image is rid of it.
 */
#include "suite.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "contract.h"
#include "environ.h"

SUITE(environ);

#define OURS "/opt/lib/libforkproof.so"
#define MOST 32

static struct fp_settings kept(void) {
    return (struct fp_settings){.options = fp_options_default,
                                .preload = OURS,
                                .text = FP_ENV_OPTIONS "=zombies=9",
                                .run = FP_ENV_RUN "=7"};
}

static char *filled[MOST + 8];
static char text[4096];

/* False when the environment is to be passed on as it is. */
static bool fill(const struct fp_settings *settings, char **envp) {
    struct fp_environ plan;
    if (!fp_environ_lacks(&plan, settings, NULL, envp))
        return false;
    cr_assert_leq(fp_environ_slots(&plan), sizeof filled / sizeof *filled);
    cr_assert_lt(plan.text_length, sizeof text);
    memset(text, '#', sizeof text);
    fp_environ_fill(&plan, settings, filled, text);
    for (size_t i = plan.text_length; i < sizeof text; i++)
        cr_assert_eq(text[i], '#', "written past the end");
    return true;
}

static bool same(char **a, char **b) {
    for (; *a && *b; a++, b++)
        if (strcmp(*a, *b) != 0)
            return false;
    return !*a && !*b;
}

#define ENVIRONMENT(...) ((char **)(uintptr_t)(const char *const[]){__VA_ARGS__, NULL})

static void expect_filled(char **envp, char **expected) {
    const struct fp_settings settings = kept();
    cr_assert(fill(&settings, envp));
    for (size_t i = 0; expected[i] || filled[i]; i++) {
        cr_assert(expected[i] && filled[i], "%s", expected[i] ? expected[i] : filled[i]);
        cr_assert_str_eq(filled[i], expected[i]);
    }
}

static char own_list[] = "LD_PRELOAD=" OURS;
static char own_options[] = FP_ENV_OPTIONS "=zombies=9";
static char own_run[] = FP_ENV_RUN "=7";
static char plain[] = "A=1";
static char all_kept[] = FP_ENV_KEPT "=por";

Test(environ, complete_environment_is_passed_on_as_it_is) {
    const struct fp_settings settings = kept();
    cr_assert_not(fill(&settings, ENVIRONMENT(own_list, plain, own_options, own_run)));
}

Test(environ, nothing_is_added_when_keeping_is_off_or_impossible) {
    struct fp_settings settings = kept();
    settings.options.env = FP_ENV_OFF;
    cr_assert_not(fill(&settings, ENVIRONMENT(plain)));
    settings = kept();
    settings.preload = NULL;
    cr_assert_not(fill(&settings, ENVIRONMENT(plain)));
}

Test(environ, no_environment_is_an_empty_one) {
    const struct fp_settings settings = kept();
    cr_assert(fill(&settings, NULL));
    cr_assert_str_eq(filled[0], own_list);
}

Test(environ, unreadable_environment_is_passed_on_as_it_is) {
    const struct fp_settings settings = kept();
    cr_assert_not(fill(&settings, (char **)8));
    cr_assert_not(fill(&settings, (char *[]){plain, (char *)8, NULL}));
}

Test(environ, cleared_environment_gets_everything) {
    char *nothing[] = {NULL};
    expect_filled(nothing, ENVIRONMENT(own_list, own_options, own_run, FP_ENV_KEPT "=por"));
}

Test(environ, foreign_preloads_are_kept_in_order_with_ours_last) {
    expect_filled(
        ENVIRONMENT("LD_PRELOAD=a.so b.so", plain, own_options, own_run),
        ENVIRONMENT("LD_PRELOAD=a.so b.so:" OURS, plain, own_options, own_run, FP_ENV_KEPT "=m"));
}

Test(environ, empty_list_gets_our_item_alone) {
    expect_filled(ENVIRONMENT("LD_PRELOAD=", own_options, own_run),
                  ENVIRONMENT(own_list, own_options, own_run, FP_ENV_KEPT "=i"));
    expect_filled(ENVIRONMENT("LD_PRELOAD=a.so:", own_options, own_run),
                  ENVIRONMENT("LD_PRELOAD=a.so:" OURS, own_options, own_run, FP_ENV_KEPT "=i"));
}

Test(environ, last_of_two_lists_is_the_one_that_counts) {
    expect_filled(
        ENVIRONMENT(own_list, "LD_PRELOAD=a.so", own_options, own_run),
        ENVIRONMENT(own_list, "LD_PRELOAD=a.so:" OURS, own_options, own_run, FP_ENV_KEPT "=m"));
}

Test(environ, programs_own_options_are_left_alone) {
    expect_filled(ENVIRONMENT(FP_ENV_OPTIONS "=", own_run),
                  ENVIRONMENT(FP_ENV_OPTIONS "=", own_run, own_list, FP_ENV_KEPT "=p"));
}

Test(environ, complaint_is_passed_on) {
    struct fp_settings settings = kept();
    settings.said = true;
    cr_assert(fill(&settings, ENVIRONMENT(own_list, own_options, own_run)));
    cr_assert_str_eq(filled[3], FP_ENV_SAID "=1");
    cr_assert_str_eq(filled[4], FP_ENV_KEPT "=s");
}

Test(environ, strip_leaves_what_exec_did_not_add) {
    char list[] = "LD_PRELOAD=a.so:" OURS;
    char *envp[] = {list, own_run, plain, NULL};
    fp_environ_strip(envp);
    cr_assert(same(envp, ENVIRONMENT("LD_PRELOAD=a.so:" OURS, own_run, plain)));
}

/* The auxiliary vector stands behind it. */
Test(environ, strip_leaves_nothing_behind_the_end) {
    char *envp[] = {own_list, plain, own_options, own_run, all_kept, NULL};
    fp_environ_strip(envp);
    cr_assert(same(envp, ENVIRONMENT(plain)));
    for (size_t i = 1; i < sizeof envp / sizeof *envp; i++)
        cr_assert_null(envp[i]);
}

static struct fp_settings restoring(void) {
    struct fp_settings settings = kept();
    settings.options.env = FP_ENV_RESTORE;
    settings.runtime_text = FP_ENV_RUNTIME_DIR "=/d";
    return settings;
}

/* "" for a list that goes. */
static const char *hidden(const char *list) {
    static char variable[256];
    const struct fp_settings settings = restoring();
    char *envp[] = {variable, NULL};
    strcpy(variable, "LD_PRELOAD=");
    strcat(variable, list);
    fp_environ_hide(envp, &settings);
    return envp[0] ? variable + strlen("LD_PRELOAD=") : "";
}

Test(environ, hidden_lists_keep_what_others_put_there) {
    static const char *const rows[][2] = {
        {OURS, ""},
        {OURS ":", ""},
        {" :" OURS " ", ""},
        {OURS ":" OURS, ""},
        {"a.so:" OURS, "a.so"},
        {OURS ":a.so", "a.so"},
        {"a.so:" OURS ":b.so", "a.so:b.so"},
        {"a.so " OURS " b.so", "a.so b.so"},
        {OURS ":a.so:" OURS ":b.so:" OURS, "a.so:b.so"},
        {"a.so::" OURS, "a.so:"},
        {"libforkproof.so:a.so", "a.so"},
        {"a.so:b.so", "a.so:b.so"},
        {":", ":"},
        {"/libforkproof.so/x.so", "/libforkproof.so/x.so"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_str_eq(hidden(rows[i][0]), rows[i][1], "%s", rows[i][0]);
}

Test(environ, hidden_variables_are_all_of_ours_and_no_others) {
    const struct fp_settings settings = restoring();
    char other[] = "FORKPROOF=1";
    char library[] = FP_ENV_LIBRARY "=/x";
    char runtime[] = FP_ENV_RUNTIME_DIR "=/d";
    char said[] = FP_ENV_SAID "=1";
    char list[] = "LD_PRELOAD=" OURS;
    char *envp[] = {list, own_options, plain, own_run, said, other, library, runtime, NULL};
    fp_environ_hide(envp, &settings);
    cr_assert(same(envp, ENVIRONMENT("A=1", "FORKPROOF=1")));
    for (size_t i = 2; i < sizeof envp / sizeof *envp; i++)
        cr_assert_null(envp[i]);
    cr_assert(fill(&settings, envp));
    cr_assert(same(filled, ENVIRONMENT("A=1", "FORKPROOF=1", own_list, own_options, own_run,
                                       FP_ENV_RUNTIME_DIR "=/d", FP_ENV_KEPT "=pord")));
}

/* What exec adds the next image takes out again; env=restore hides what it was started with. */
Test(environ, the_ledger_is_kept_and_hidden) {
    static char own_ledger[] = FP_ENV_LEDGER "=/proc/7/fd/8";
    struct fp_settings settings = kept();
    settings.ledger = own_ledger;
    cr_assert(fill(&settings, ENVIRONMENT(own_list, own_options, own_run, plain)));
    cr_assert(same(
        filled, ENVIRONMENT(own_list, own_options, own_run, plain, own_ledger, FP_ENV_KEPT "=l")));
    fp_environ_strip(filled);
    cr_assert(same(filled, ENVIRONMENT(own_list, own_options, own_run, plain)));
    char *given[] = {own_ledger, plain, NULL};
    fp_environ_strip(given);
    cr_assert_eq(given[0], own_ledger);
    settings.options.env = FP_ENV_RESTORE;
    fp_environ_hide(given, &settings);
    cr_assert(same(given, ENVIRONMENT(plain)));
}

Test(environ, nothing_is_hidden_that_exec_could_not_add_again) {
    struct fp_settings settings = restoring();
    char *envp[] = {own_list, own_options, own_run, NULL};
    settings.text = NULL;
    settings.run = NULL;
    fp_environ_hide(envp, &settings);
    cr_assert(same(envp, ENVIRONMENT(FP_ENV_OPTIONS "=zombies=9", FP_ENV_RUN "=7")));
    char *again[] = {own_options, plain, NULL};
    settings = restoring();
    settings.preload = NULL;
    fp_environ_hide(again, &settings);
    cr_assert(same(again, ENVIRONMENT(FP_ENV_OPTIONS "=zombies=9", "A=1")));
}

Test(environ, nothing_is_hidden_unless_asked_for) {
    const struct fp_settings settings = kept();
    char *envp[] = {own_list, own_options, own_run, NULL};
    fp_environ_hide(envp, &settings);
    cr_assert(
        same(envp, ENVIRONMENT("LD_PRELOAD=" OURS, FP_ENV_OPTIONS "=zombies=9", FP_ENV_RUN "=7")));
}

/* The loader's environment is writable and lies elsewhere: copies, as the kernel makes them. */
static char **copied(char **envp) {
    static char *copies[MOST + 8];
    size_t i = 0;
    for (; envp[i]; i++) {
        free(copies[i]);
        copies[i] = strdup(envp[i]);
    }
    for (size_t k = i; k < sizeof copies / sizeof *copies; k++) {
        free(copies[k]);
        copies[k] = NULL;
    }
    return copies;
}

static void expect_round_trip(char **envp) {
    const struct fp_settings settings = kept();
    char *loaded[MOST + 8];
    if (!fill(&settings, envp))
        return;
    char **copies = copied(filled);
    memcpy(loaded, copies, sizeof loaded);
    fp_environ_strip(loaded);
    if (same(loaded, envp))
        return;
    for (size_t i = 0; envp[i] || loaded[i]; i++)
        if (!envp[i] || !loaded[i] || strcmp(envp[i], loaded[i]) != 0)
            cr_assert_fail("variable %zu: '%s' became '%s'", i, envp[i] ? envp[i] : "(none)",
                           loaded[i] ? loaded[i] : "(none)");
}

static void round_trips(const char *const *from, size_t count) {
    unsigned seed = 1;
    char *envp[MOST + 1];
    for (int round = 0; round < 20000; round++) {
        seed = seed * 1103515245 + 12345;
        size_t length = (seed >> 16) % 8;
        for (size_t i = 0; i < length; i++) {
            seed = seed * 1103515245 + 12345;
            envp[i] = (char *)(uintptr_t)from[(seed >> 16) % count];
        }
        envp[length] = NULL;
        expect_round_trip(envp);
    }
}

static const char *const variables[] = {
    plain,
    own_options,
    own_run,
    "",
    "=",
    "L",
    "F",
    "LD_PRELOAD",
    "LD_PRELOADED=x",
    "LD_PRELOAD=",
    "LD_PRELOAD=:",
    "LD_PRELOAD= ",
    "LD_PRELOAD=a.so",
    "LD_PRELOAD=a.so:",
    "LD_PRELOAD=a.so::b.so ",
    "LD_PRELOAD=/elsewhere/libforkproof.so.old/a.so",
    FP_ENV_SAID "=1",
    FP_ENV_OPTIONS "=",
};

Test(environ, strip_after_fill_restores_every_environment) {
    round_trips(variables, sizeof variables / sizeof *variables);
}

/* A list that is not the last one has no effect, but the program may look at it. */
Test(environ, strip_after_fill_restores_lists_without_effect) {
    expect_round_trip(ENVIRONMENT("LD_PRELOAD=b.so:" OURS, "LD_PRELOAD=a.so"));
}
