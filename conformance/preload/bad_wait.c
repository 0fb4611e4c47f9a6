/*
 * Tested: every wait with every kind of bad pointer for its status, siginfo and usage, for a zombie
 * (late: with younger siblings, so that a bound of 1 puts it into the stash), a stopped, a running
 * and no child: what it answers, what it has written until then, and whether the child's change of
 * state is taken.
 */
#include <sys/syscall.h>

#include "bad.h"

enum call { WAIT, WAITPID, WAIT3, WAIT4, WAITID, NUMBER_WAIT4, NUMBER_WAITID, CALLS };
static const char *const names[] = {"wait",   "waitpid",   "wait3",     "wait4",
                                    "waitid", "SYS_wait4", "SYS_waitid"};

enum state { ZOMBIE, LATE, STOPPED, SEEN, RUNNING, CHILDLESS, STATES };
static const char *const states[] = {"zombie", "late", "stopped", "seen", "running", "no child"};

static char *result_pages, *usage_pages;
static pid_t siblings[2];

static pid_t child_stopped(void) {
    pid_t child = child_pausing();
    kill(child, SIGSTOP);
    await_state(child, "T");
    return child;
}

static pid_t child_late(void) {
    pid_t child = child_zombie(7);
    for (size_t i = 0; i < COUNT(siblings); i++)
        siblings[i] = child_pausing();
    return child;
}

static void leave(void) {
    for (size_t i = 0; i < COUNT(siblings); i++) {
        kill(siblings[i], SIGKILL);
        waitpid(siblings[i], NULL, 0);
    }
}

static pid_t enter(enum state state) {
    switch (state) {
    case LATE:
        return child_late();
    case ZOMBIE:
    case SEEN:
        return child_zombie(7);
    case STOPPED:
        return child_stopped();
    case RUNNING:
        return child_pausing();
    case CHILDLESS:
    case STATES:
    default:
        return 0x3ffff0; // never so high a pid here
    }
}

static int options_for(enum call call, enum state state) {
    bool by_id = call == WAITID || call == NUMBER_WAITID;
    int options = state == RUNNING ? WNOHANG : 0;
    if (by_id)
        options |= WEXITED | WSTOPPED | (state == SEEN ? (int)WNOWAIT : 0);
    else
        options |= WUNTRACED;
    return options;
}

static long wait_by(enum call call, pid_t child, int options, void *result, void *usage) {
    switch (call) {
    case WAIT:
        return wait(result);
    case WAITPID:
        return waitpid(child, result, options);
    case WAIT3:
        return wait3(result, options, usage);
    case WAIT4:
        return wait4(child, result, options, usage);
    case WAITID:
        return waitid(P_PID, (id_t)child, result, options);
    case NUMBER_WAIT4:
        return syscall(SYS_wait4, child, result, options, usage);
    case NUMBER_WAITID:
        return syscall(SYS_waitid, P_PID, child, result, options, usage);
    case CALLS:
    default:
        abort();
    }
}

/* Usage differs from run to run: how far it was written. */
static int usage_written(const char *at) {
    int count = 0;
    for (int i = 0; at < usage_pages + BAD_PAGE && i < (int)sizeof(struct rusage); at++, i++)
        if (*at != PATTERN)
            count = i / 8 + 1;
    return count;
}

static bool inside(const char *pages, const char *at) {
    return at >= pages && at < pages + BAD_PAGE;
}

struct row {
    enum call call;
    enum state state;
    const char *name;
    char *result, *usage;
};

static void one(const void *argument) {
    const struct row *row = argument;
    pid_t child = enter(row->state);
    errno = 0;
    int options = options_for(row->call, row->state);
    long result = wait_by(row->call, child, options, row->result, row->usage);
    int error = errno;
    say("%s, %s, %s: %s, %s, written%s, usage %d", names[row->call], states[row->state], row->name,
        whose((pid_t)result, child), error_name(error),
        inside(result_pages, row->result) ? bad_written(result_pages, row->result, child) : "",
        inside(usage_pages, row->usage) ? usage_written(row->usage) : 0);
    if (row->state == CHILDLESS)
        return;
    int status = UNTOUCHED;
    int signalled = kill(child, SIGKILL);
    SAY_WAIT(signalled == 0 ? "  then" : "  then gone", waitpid(child, &status, 0), child, status);
    if (row->state == LATE)
        leave();
}

static void try(struct row row) {
    if (row.call == WAIT && (row.state == STOPPED || row.state == RUNNING))
        return; // would block
    fate(row.name, one, &row);
}

static bool has_usage(enum call call) {
    return call == WAIT3 || call == WAIT4 || call == NUMBER_WAIT4 || call == NUMBER_WAITID;
}

static void rows(enum call call, enum state state) {
    static const size_t edges[] = {4, 8, 12, 16, 20, 24, 28, 64};
    static const size_t usage_edges[] = {1, 8, 12, 72, 143, 144};
    char name[64];
    for (int kind = 0; kind < BAD_KINDS; kind++) {
        snprintf(name, sizeof name, "result %s", bad_names[kind]);
        try((struct row){call, state, name, bad_pointer((enum bad_kind)kind, result_pages), NULL});
        if (!has_usage(call))
            continue;
        snprintf(name, sizeof name, "usage %s", bad_names[kind]);
        char *usage = bad_pointer((enum bad_kind)kind, usage_pages);
        try((struct row){call, state, name, result_pages, usage});
        try((struct row){call, state, name, NULL, usage});
    }
    for (size_t i = 0; i < COUNT(edges); i++) {
        snprintf(name, sizeof name, "result ends after %zu", edges[i]);
        try((struct row){call, state, name, bad_edge(result_pages, edges[i]), NULL});
    }
    for (size_t i = 0; has_usage(call) && i < COUNT(usage_edges); i++) {
        snprintf(name, sizeof name, "usage ends after %zu", usage_edges[i]);
        try((struct row){call, state, name, result_pages, bad_edge(usage_pages, usage_edges[i])});
    }
    if (has_usage(call))
        try((struct row){call, state, "both bad", BAD_POINTER, BAD_POINTER});
}

static int run(int argc, char **argv) {
    (void)argc;
    (void)argv;
    result_pages = bad_pages();
    usage_pages = bad_pages();
    for (int call = 0; call < CALLS; call++)
        for (int state = 0; state < STATES; state++)
            rows((enum call)call, (enum state)state);
    return 0;
}

int main(int argc, char **argv) {
    return confined(run, argc, argv);
}
