/*
 * Tested: setpgid, setpgrp, setsid and prctl by their libc names and by number, with bad pids,
 * groups, options, pointers and values.
 */
#include <limits.h>

#include "bad.h"

#define NO_PID 0x3fffff

static char *pages;

/* --- groups and sessions --- */

enum who {
    NOT_POSITIVE,
    LEAST,
    MOST,
    NOBODY,
    INIT,
    PARENT,
    SELF,
    OWN,
    RUNS,
    EXECS,
    LEADS,
    ENDED,
    REAPED,
    WHO
};
static const char *const whos[] = {"-1",       "INT_MIN", "INT_MAX", "nobody", "init",
                                   "parent",   "self",    "0",       "child",  "an image",
                                   "a leader", "ended",   "reaped"};

static pid_t company[WHO];

static pid_t started(void (*first)(int end)) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        abort();
    pid_t pid = fork();
    if (pid < 0)
        abort();
    if (pid == 0) {
        close(ends[0]);
        first(ends[1]);
        _exit(1);
    }
    close(ends[1]);
    (void)!read(ends[0], (char[1]){0}, 1); // until it has exec'd or closed its end
    close(ends[0]);
    return pid;
}

static void stay(int end) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(end);
    for (;;)
        pause();
}
static void stay_in_session(int end) {
    setsid();
    stay(end);
}
static void stay_as_image(int end) {
    (void)end;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execl("/bin/sleep", "sleep", "1000", (char *)NULL);
}

static const char *group_name(pid_t group) {
    if (group < 0)
        return "none";
    for (int who = PARENT; who < WHO; who++)
        if (company[who] == group && who != OWN)
            return whos[who];
    return "another";
}

static void groups_of(const void *argument) {
    enum who who = *(const enum who *)argument;
    const pid_t all[] = {-1,
                         INT_MIN,
                         INT_MAX,
                         NO_PID,
                         1,
                         getppid(),
                         getpid(),
                         0,
                         started(stay),
                         started(stay_as_image),
                         started(stay_in_session),
                         child_zombie(7),
                         child_exiting(7)};
    memcpy(company, all, sizeof all);
    if (company[REAPED] < 0 || waitpid(company[REAPED], NULL, 0) < 0)
        abort();
    for (int by = 0; by < 2; by++)
        for (int group = 0; group < WHO; group++) {
            errno = 0;
            long result = by ? syscall(SYS_setpgid, company[who], company[group])
                             : setpgid(company[who], company[group]);
            int error = errno;
            say("%s %s, %s: %ld, %s; now %s", by ? "SYS_setpgid" : "setpgid", whos[who],
                whos[group], result, error_name(error),
                who < PARENT ? "none" : group_name(getpgid(company[who])));
        }
}

static void say_id(const char *what, long result) {
    int error = errno;
    say("%s: %s, %s", what,
        result == getpid() ? "self"
        : result == 0      ? "0"
        : result == -1     ? "-1"
                           : "another",
        error_name(error));
    errno = 0;
}

static void sessions(const void *unused) {
    (void)unused;
    errno = 0;
    say_id("setpgrp", setpgrp());
    say_id("setsid of a leader", setsid());
    say_id("SYS_setsid of a leader", syscall(SYS_setsid));
    if (setpgid(0, getppid()) != 0)
        say_id("back", setpgid(0, getpgid(getppid())));
    say_id("setsid", setsid());
    say_id("setsid again", setsid());
    say_id("setpgrp of a session", setpgrp());
    say_id("setpgid of a session", setpgid(0, 0));
    say_id("setpgid out of a session", setpgid(0, getppid()));
}

/* --- prctl --- */

struct control {
    const char *name;
    int option;
    long value;
};

static void control_one(const void *argument) {
    const struct control *row = argument;
    for (int by = 0; by < 2; by++) {
        memset(pages, PATTERN, BAD_PAGE);
        errno = 0;
        long result = by ? syscall(SYS_prctl, row->option, row->value, -1L, -1L, -1L)
                         : prctl(row->option, row->value, -1L, -1L, -1L);
        int error = errno;
        int subreaper = UNTOUCHED, death = UNTOUCHED;
        prctl(PR_GET_CHILD_SUBREAPER, &subreaper);
        prctl(PR_GET_PDEATHSIG, &death);
        say("%s %d, %s: %ld, %s; subreaper %d, death %d, %s", by ? "SYS_prctl" : "prctl",
            row->option, row->name, result, error_name(error), subreaper, death,
            bad_written(pages, pages, 0));
    }
}

static void controls(void) {
    static const int pointed[] = {
        PR_GET_CHILD_SUBREAPER, PR_GET_PDEATHSIG, PR_GET_NAME, PR_SET_NAME, PR_GET_TSC,
        PR_GET_UNALIGN};
    static const int valued[] = {PR_SET_CHILD_SUBREAPER,
                                 PR_SET_PDEATHSIG,
                                 PR_SET_DUMPABLE,
                                 PR_SET_NO_NEW_PRIVS,
                                 PR_GET_DUMPABLE,
                                 -1,
                                 0,
                                 9999,
                                 INT_MAX,
                                 INT_MIN};
    static const long values[] = {
        0, 1, 2, 9, 64, 65, -1, INT_MIN, INT_MAX, 1L << 32, (1L << 32) + 9, LONG_MIN, LONG_MAX};
    char name[32];
    for (size_t o = 0; o < COUNT(pointed); o++)
        for (int kind = 0; kind < BAD_KINDS; kind++)
            fate(bad_names[kind], control_one,
                 &(struct control){bad_names[kind], pointed[o],
                                   (long)bad_pointer((enum bad_kind)kind, pages)});
    for (size_t o = 0; o < COUNT(valued); o++)
        for (size_t v = 0; v < COUNT(values); v++) {
            snprintf(name, sizeof name, "%#lx", (unsigned long)values[v]);
            fate(name, control_one, &(struct control){name, valued[o], values[v]});
        }
}

static int run(int argc, char **argv) {
    (void)argc;
    (void)argv;
    pages = bad_pages();
    for (int who = 0; who < WHO; who++)
        fate("setpgid", groups_of, &(enum who){(enum who)who});
    fate("sessions", sessions, NULL);
    controls();
    return 0;
}

int main(int argc, char **argv) {
    return confined(run, argc, argv);
}
