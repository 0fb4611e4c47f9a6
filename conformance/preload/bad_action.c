/*
 * Tested: signal and its kin, sigignore and sigaction with bad numbers, handlers and pointers, and
 * what disposition and mask they leave.
 */
#include <limits.h>

#include "bad.h"

static char *pages;

typedef void handler(int);
typedef handler *setter(int, handler *);

#ifndef SIG_HOLD
#define SIG_HOLD ((handler *)2)
#endif

static const struct {
    const char *name;
    handler *handler;
} handlers[] = {{"default", SIG_DFL}, {"error", SIG_ERR},
                {"ignored", SIG_IGN}, {"held", SIG_HOLD},
                {"3", (handler *)3},  {"no address", (handler *)0x5555555555555555}};

static const char *handler_name(handler *h) {
    for (size_t i = 0; i < COUNT(handlers); i++)
        if (handlers[i].handler == h)
            return handlers[i].name;
    return "another";
}

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

setter bsd_signal;

static const struct {
    const char *name;
    setter *set;
} setters[] = {{"signal", signal},
#ifdef __GLIBC__
               {"sysv_signal", sysv_signal},
               {"ssignal", ssignal},
#endif
               {"bsd_signal", bsd_signal},
               {"sigset", sigset}};

static void say_state(int number) {
    struct sigaction now = {.sa_handler = SIG_ERR};
    sigset_t blocked;
    errno = 0;
    int result = sigaction(number, NULL, &now);
    int error = errno;
    sigprocmask(SIG_SETMASK, NULL, &blocked);
    say("  now %d, %s, %s, flags %#x, blocked %d", result, error_name(error),
        handler_name(now.sa_handler), (unsigned)now.sa_flags, sigismember(&blocked, number));
}

static void set_by(int number, size_t s) {
    for (size_t h = 0; h < COUNT(handlers); h++) {
        errno = 0;
        handler *old = setters[s].set(number, handlers[h].handler);
        int error = errno;
        say("%s %d, %s: %s, %s", setters[s].name, number, handlers[h].name, handler_name(old),
            error_name(error));
        say_state(number);
    }
}

static void dispositions(const void *argument) {
    int number = *(const int *)argument;
    for (size_t s = 0; s < COUNT(setters); s++)
        set_by(number, s);
    errno = 0;
    int result = sigignore(number);
    int error = errno;
    say("sigignore %d: %d, %s", number, result, error_name(error));
    say_state(number);
}

struct action {
    const char *name;
    int number;
    void *action, *old;
};

static void action_one(const void *argument) {
    const struct action *row = argument;
    errno = 0;
    int result = sigaction(row->number, row->action, row->old);
    int error = errno;
    say("sigaction %d, %s: %d, %s", row->number, row->name, result, error_name(error));
    say_state(row->number);
}

static void actions(int number) {
    char name[64];
    struct sigaction good = {.sa_handler = SIG_DFL};
    memset(pages, 0, BAD_PAGE);
    for (int kind = 0; kind < BAD_KINDS; kind++) {
        void *at = bad_pointer((enum bad_kind)kind, pages);
        if (kind == NO_ADDRESS)
            continue; // whether SIGSEGV or SIGBUS ends it is up to the registers in use
        snprintf(name, sizeof name, "%s", bad_names[kind]);
        fate(name, action_one, &(struct action){name, number, at, NULL});
        snprintf(name, sizeof name, "old %s", bad_names[kind]);
        fate(name, action_one, &(struct action){name, number, NULL, at});
        fate(name, action_one, &(struct action){name, number, &good, at});
        snprintf(name, sizeof name, "both %s", bad_names[kind]);
        fate(name, action_one, &(struct action){name, number, at, at});
    }
    good.sa_flags = -1;
    memset(&good.sa_mask, 0xff, sizeof good.sa_mask);
    fate("flags", action_one, &(struct action){"all flags", number, &good, &good});
}

static int run(int argc, char **argv) {
    static const int numbers[] = {SIGCHLD, SIGPIPE, SIGUSR1, SIGKILL, SIGSTOP, 0,  32,     33,
                                  34,      64,      65,      128,     INT_MAX, -1, INT_MIN};
    (void)argc;
    (void)argv;
    pages = bad_pages();
    for (size_t n = 0; n < COUNT(numbers); n++) {
        fate("dispositions", dispositions, &numbers[n]);
        actions(numbers[n]);
    }
    return 0;
}

int main(int argc, char **argv) {
    return confined(run, argc, argv);
}
