/* FORKPROOF_OPTIONS: what is read, what is refused, and where it went wrong. */
#include "suite.h"

#include <string.h>

SUITE(options);

struct row {
    const char *text;
    unsigned zombies;
    unsigned stale;
    unsigned env;
    const char *bad; /* the first bad pair, or NULL */
    const char *what;
};

#define DENY FP_STALE_DENY
#define ALLOW FP_STALE_ALLOW
#define KEEP FP_ENV_KEEP
#define OFF FP_ENV_OFF
#define VALUE "bad value in option"
#define UNKNOWN "unknown option"
#define BARE "no '=' in option"

static const struct row rows[] = {
    {"", 64, DENY, KEEP, NULL, NULL},
    {":", 64, DENY, KEEP, NULL, NULL},
    {"::zombies=3::", 3, DENY, KEEP, NULL, NULL},
    {"zombies=0", 0, DENY, KEEP, NULL, NULL},
    {"zombies=1000000", 1000000, DENY, KEEP, NULL, NULL},
    {"zombies=1:stale=allow:env=off", 1, ALLOW, OFF, NULL, NULL},
    {"stale=deny:env=keep", 64, DENY, KEEP, NULL, NULL},
    {"zombies=1:zombies=2", 2, DENY, KEEP, NULL, NULL},
    {"stale=allow:stale=deny", 64, DENY, KEEP, NULL, NULL},
    {"zombies=000000007", 7, DENY, KEEP, NULL, NULL},
    {"zombies=", 64, DENY, KEEP, "zombies=", VALUE},
    {"zombies=1000001", 64, DENY, KEEP, "zombies=1000001", VALUE},
    {"zombies=4294967360", 64, DENY, KEEP, "zombies=4294967360", VALUE},
    {"zombies=99999999999999999999", 64, DENY, KEEP, "zombies=99999999999999999999", VALUE},
    {"zombies=-1", 64, DENY, KEEP, "zombies=-1", VALUE},
    {"zombies= 1", 64, DENY, KEEP, "zombies= 1", VALUE},
    {"zombies=1x", 64, DENY, KEEP, "zombies=1x", VALUE},
    {"zombies==1", 64, DENY, KEEP, "zombies==1", VALUE},
    {"stale=", 64, DENY, KEEP, "stale=", VALUE},
    {"stale=denyy", 64, DENY, KEEP, "stale=denyy", VALUE},
    {"stale=den", 64, DENY, KEEP, "stale=den", VALUE},
    {"env=ON", 64, DENY, KEEP, "env=ON", VALUE},
    {"zombie=1", 64, DENY, KEEP, "zombie=1", UNKNOWN},
    {"zombiess=1", 64, DENY, KEEP, "zombiess=1", UNKNOWN},
    {"=1", 64, DENY, KEEP, "=1", UNKNOWN},
    {"=", 64, DENY, KEEP, "=", UNKNOWN},
    {"zombies", 64, DENY, KEEP, "zombies", BARE},
    {"zombies=5:x:stale=allow", 5, ALLOW, KEEP, "x", BARE},
    {"env=off:a=1:b:zombies=x:stale=allow", 64, ALLOW, OFF, "a=1", UNKNOWN},
    {"zombies=9:zombies=x", 9, DENY, KEEP, "zombies=x", VALUE},
    {"stale=report:env=restore", 64, FP_STALE_REPORT, FP_ENV_RESTORE, NULL, NULL},
    {"stale=deny|report", 64, DENY, KEEP, "stale=deny|report", VALUE},
    {"contain=", 64, DENY, KEEP, "contain=", VALUE},
    {"contain=pidns", 64, DENY, KEEP, "contain=pidns", VALUE},
    {"verbose=2", 64, DENY, KEEP, "verbose=2", VALUE},
};

Test(options, every_text_is_read_as_documented) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i];
        struct fp_options got = {.zombies = 12345, .stale = ALLOW, .env = OFF};
        struct fp_options_error error = {0};
        bool good = fp_options_parse(row->text, &got, &error);
        cr_expect_eq(good, row->bad == NULL, "'%s'", row->text);
        cr_expect(got.zombies == row->zombies && got.stale == row->stale && got.env == row->env,
                  "'%s'", row->text);
        if (!row->bad || good)
            continue;
        cr_expect_eq(error.length, strlen(row->bad), "'%s'", row->text);
        cr_expect_eq(error.at, strstr(row->text, row->bad), "'%s'", row->text);
        cr_expect_str_eq(error.what, row->what);
    }
}

static const char *expected_of(const char *text) {
    struct fp_options got;
    struct fp_options_error error = {.expected = "not set"};
    cr_assert_not(fp_options_parse(text, &got, &error), "'%s'", text);
    return error.expected;
}

Test(options, a_bad_value_is_told_with_what_is_expected) {
    cr_expect_str_eq(expected_of("zombies=abc"), "a number up to 1000000");
    cr_expect_str_eq(expected_of("verbose=2"), "0|1");
    cr_expect_str_eq(expected_of("kill=tree:stale=no"), "deny|report|allow");
    cr_expect_null(expected_of("nonsense=1"));
    cr_expect_null(expected_of("zombies"));
}

static struct fp_options options_of(const char *text) {
    struct fp_options got;
    struct fp_options_error error;
    cr_expect(fp_options_parse(text, &got, &error), "'%s'", text);
    return got;
}

Test(options, every_word_is_read) {
    cr_expect_eq(options_of("").kill, FP_KILL_PROCESS);
    cr_expect_eq(options_of("kill=tree").kill, FP_KILL_TREE);
    cr_expect_eq(options_of("").sigpipe, FP_SIGPIPE_KEEP);
    cr_expect_eq(options_of("sigpipe=epipe").sigpipe, FP_SIGPIPE_EPIPE);
    cr_expect_eq(options_of("").pipes, FP_PIPES_KEEP);
    cr_expect_eq(options_of("pipes=cloexec").pipes, FP_PIPES_CLOEXEC);
    cr_expect_eq(options_of("").exec, FP_EXEC_LIBC);
    cr_expect_eq(options_of("exec=parent-dir").exec, FP_EXEC_PARENT_DIR);
    cr_expect_eq(options_of("").contain, FP_CONTAIN_GROUP);
    cr_expect_eq(options_of("contain=guard").contain, FP_CONTAIN_GUARD);
    cr_expect_eq(options_of("contain=off").contain, FP_CONTAIN_OFF);
    cr_expect_eq(options_of("").confine, FP_CONFINE_OFF);
    cr_expect_eq(options_of("confine=on").confine, FP_CONFINE_ON);
    cr_expect_eq(options_of("").verbose, 0);
    cr_expect_eq(options_of("verbose=1").verbose, 1);
}
