#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>

#include "values.h"

TestSuite(values, .timeout = 10);

Test(values, durations_are_read) {
    static const struct {
        const char *text;
        int64_t ns;
    } rows[] = {
        {"5s", 5000000000},
        {"500ms", 500000000},
        {"2m", 120000000000},
        {"1h", 3600000000000},
        {"3", 3000000000},
        {"0", 0},
        {"0s", 0},
        {"1.5s", 1500000000},
        {".5", 500000000},
        {"1.", 1000000000},
        {"0.25ms", 250000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t ns = -1;
        cr_expect_eq(fp_value_duration(rows[i].text, &ns), 0, "%s", rows[i].text);
        cr_expect_eq(ns, rows[i].ns, "%s gave %lld", rows[i].text, (long long)ns);
    }
}

Test(values, bad_durations_are_refused) {
    static const char *const rows[] = {"",    "s",   "-1", "+1",  "5x",  "5 s",   " 5",
                                       "1e3", "nan", ".",  "inf", "5ss", "1.2.3", "0x5"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t ns;
        cr_expect_eq(fp_value_duration(rows[i], &ns), -EINVAL, "'%s'", rows[i]);
    }
    int64_t ns;
    cr_expect_eq(fp_value_duration("99999999999999999999999", &ns), -ERANGE);
}

Test(values, signals_are_read) {
    int sig;
    cr_expect(fp_value_signal("TERM", &sig) == 0 && sig == SIGTERM);
    cr_expect(fp_value_signal("SIGTERM", &sig) == 0 && sig == SIGTERM);
    cr_expect(fp_value_signal("sigusr1", &sig) == 0 && sig == SIGUSR1);
    cr_expect(fp_value_signal("9", &sig) == 0 && sig == SIGKILL);
    cr_expect(fp_value_signal("64", &sig) == 0 && sig == 64);
    cr_expect(fp_value_signal("RTMIN+2", &sig) == 0 && sig == SIGRTMIN + 2);
    cr_expect(fp_value_signal("SIGRTMAX-1", &sig) == 0 && sig == SIGRTMAX - 1);
}

Test(values, bad_signals_are_refused) {
    static const char *const rows[] = {"",      "0",        "65",      "-1",  "SIG",  "SIG15",
                                       "TERMX", "RTMIN+99", "RTMIN-1", "1.0", "015x", "RTMIN+"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int sig;
        cr_expect_eq(fp_value_signal(rows[i], &sig), -EINVAL, "'%s'", rows[i]);
    }
}

Test(values, signals_have_names) {
    cr_expect_str_eq(fp_signal_name(SIGTERM), "SIGTERM");
    cr_expect_str_eq(fp_signal_name(50), "signal 50");
}
