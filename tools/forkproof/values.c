#include "values.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static const struct {
    const char *name;
    int number;
} signals[] = {
    {"HUP", SIGHUP},       {"INT", SIGINT},       {"QUIT", SIGQUIT}, {"ILL", SIGILL},
    {"TRAP", SIGTRAP},     {"ABRT", SIGABRT},     {"BUS", SIGBUS},   {"FPE", SIGFPE},
    {"KILL", SIGKILL},     {"USR1", SIGUSR1},     {"SEGV", SIGSEGV}, {"USR2", SIGUSR2},
    {"PIPE", SIGPIPE},     {"ALRM", SIGALRM},     {"TERM", SIGTERM}, {"CHLD", SIGCHLD},
    {"CONT", SIGCONT},     {"STOP", SIGSTOP},     {"TSTP", SIGTSTP}, {"TTIN", SIGTTIN},
    {"TTOU", SIGTTOU},     {"URG", SIGURG},       {"XCPU", SIGXCPU}, {"XFSZ", SIGXFSZ},
    {"PROF", SIGPROF},     {"VTALRM", SIGVTALRM}, {"IO", SIGIO},     {"WINCH", SIGWINCH},
    {"SYS", SIGSYS},       {"POLL", SIGIO},       {"PWR", SIGPWR},   {"IOT", SIGABRT},
#ifdef SIGSTKFLT
    {"STKFLT", SIGSTKFLT},
#endif
};
#define COUNT (sizeof signals / sizeof signals[0])

/* Nanoseconds of the unit; 0 if there is no such unit. */
static int64_t unit(const char *text) {
    if (*text == '\0' || strcmp(text, "s") == 0)
        return FP_SECOND;
    if (strcmp(text, "ms") == 0)
        return FP_SECOND / 1000;
    if (strcmp(text, "m") == 0)
        return FP_SECOND * 60;
    if (strcmp(text, "h") == 0)
        return FP_SECOND * 3600;
    return 0;
}

int fp_value_duration(const char *text, int64_t *ret_ns) {
    size_t whole = strspn(text, "0123456789");
    size_t fraction = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;
    size_t end = whole + (text[whole] == '.' ? fraction + 1 : 0);
    int64_t scale = unit(text + end);
    if (whole + fraction == 0 || scale == 0)
        return -EINVAL;
    double ns = 0, place = 1;
    for (size_t i = 0; i < whole; i++)
        ns = ns * 10 + (text[i] - '0');
    for (size_t i = whole + 1; i < end; i++)
        ns += (text[i] - '0') * (place /= 10);
    ns *= (double)scale;
    if (ns > 3650.0 * 86400 * 1e9)
        return -ERANGE;
    *ret_ns = (int64_t)(ns + 0.5);
    return 0;
}

/* Digits only, 0 to 64; -1 otherwise. */
static int small_number(const char *text) {
    size_t n = strspn(text, "0123456789");
    if (n == 0 || n > 2 || text[n] != '\0')
        return -1;
    int value = atoi(text);
    return value <= 64 ? value : -1;
}

static int realtime(const char *text) {
    int from_top = strncasecmp(text, "RTMAX", 5) == 0;
    if (!from_top && strncasecmp(text, "RTMIN", 5) != 0)
        return -EINVAL;
    int offset = 0;
    if (text[5] != '\0') {
        if (text[5] != (from_top ? '-' : '+'))
            return -EINVAL;
        offset = small_number(text + 6);
    }
    int number = from_top ? SIGRTMAX - offset : SIGRTMIN + offset;
    return offset >= 0 && number >= SIGRTMIN && number <= SIGRTMAX ? number : -EINVAL;
}

int fp_value_signal(const char *text, int *ret_signal) {
    int number = small_number(text);
    if (number < 0 && strncasecmp(text, "SIG", 3) == 0)
        text += 3;
    for (size_t i = 0; i < COUNT && number < 0; i++)
        if (strcasecmp(text, signals[i].name) == 0)
            number = signals[i].number;
    if (number < 0)
        number = realtime(text);
    if (number < 1)
        return -EINVAL;
    *ret_signal = number;
    return 0;
}

const char *fp_signal_name(int sig) {
    static char name[24];
    for (size_t i = 0; i < COUNT; i++)
        if (signals[i].number == sig) {
            snprintf(name, sizeof name, "SIG%s", signals[i].name);
            return name;
        }
    snprintf(name, sizeof name, "signal %d", sig);
    return name;
}

int64_t fp_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * FP_SECOND + t.tv_nsec;
}
