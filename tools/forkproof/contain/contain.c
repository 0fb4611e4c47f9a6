#include "contain/contain.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const struct fp_contain_ops *fp_rung_ops(enum fp_rung rung) {
    static const struct fp_contain_ops *const all[] = {
        [FP_RUNG_AUTO] = NULL,
        [FP_RUNG_NONE] = &fp_contain_none,
        [FP_RUNG_WALK] = &fp_contain_walk,
        [FP_RUNG_CGROUP] = &fp_contain_cgroup,
        [FP_RUNG_PIDNS] = &fp_contain_pidns,
    };
    return all[rung];
}

const char *fp_rung_name(enum fp_rung rung) {
    return rung == FP_RUNG_AUTO ? "auto" : fp_rung_ops(rung)->name;
}

static void reset(struct fp_contain *c, enum fp_rung rung) {
    *c = (struct fp_contain){.ops = fp_rung_ops(rung),
                             .argv = c->argv,
                             .lent_fd = c->lent_fd,
                             .lent_record_fd = c->lent_record_fd,
                             .procs_fd = -1,
                             .kill_fd = -1,
                             .events_fd = -1,
                             .wake = POLLPRI,
                             .alive_fd = -1};
}

int fp_contain_open_only(struct fp_contain *c, enum fp_rung rung, const char *run_id) {
    reset(c, rung);
    return c->ops->open ? c->ops->open(c, run_id) : 0;
}

static void append(char *to, size_t size, const char *text) {
    size_t length = strlen(to);
    snprintf(to + length, size - length, "%s", text);
}

/* The wanted rung's reason first, then what was tried instead. */
static void add_reason(char *why, size_t size, const struct fp_contain *c) {
    if (*why) {
        append(why, size, "; ");
        append(why, size, c->ops->name);
        append(why, size, ": ");
    }
    append(why, size, c->why_not);
}

int fp_contain_fail(struct fp_contain *c, int error, const char *what) {
    snprintf(c->why_not, sizeof c->why_not, "%s: %s", what, strerror(error));
    return -error;
}

void fp_contain_open(struct fp_contain *c, enum fp_rung wanted, const char *run_id) {
    char why[sizeof c->why_not] = "";
    enum fp_rung rung = wanted == FP_RUNG_AUTO ? FP_RUNG_CGROUP : wanted;
    if (rung <= FP_RUNG_WALK)
        snprintf(why, sizeof why, "--contain=%s was asked for", fp_rung_name(rung));
    while (fp_contain_open_only(c, rung, run_id) < 0) {
        add_reason(why, sizeof why, c);
        rung--;
    }
    memcpy(c->why_not, why, sizeof why);
}

void fp_contain_weaken(struct fp_contain *c, const char *why) {
    fp_contain_close(c);
    c->ops = &fp_contain_walk;
    snprintf(c->why_not, sizeof c->why_not, "%s", why);
}

bool fp_contain_check(struct fp_contain *c) {
    const char *why = c->ops->lost ? c->ops->lost(c) : NULL;
    if (why)
        fp_contain_weaken(c, why);
    return why != NULL;
}

pid_t fp_contain_fork(struct fp_contain *c) {
    return c->ops->fork ? c->ops->fork(c) : fork();
}

int fp_contain_enter(struct fp_contain *c, pid_t pid) {
    return c->ops->enter ? c->ops->enter(c, pid) : 0;
}

bool fp_contain_holds(const struct fp_contain *c, pid_t pid) {
    return c->ops->holds && c->ops->holds(c, pid);
}

int fp_contain_list(const struct fp_contain *c, struct fp_members *members) {
    return c->ops->list ? c->ops->list(c, members) : 0;
}

int fp_contain_kill_all(struct fp_contain *c) {
    return c->ops->kill_all ? c->ops->kill_all(c) : -EOPNOTSUPP;
}

int fp_contain_freeze(struct fp_contain *c, bool still) {
    return c->ops->freeze ? c->ops->freeze(c, still) : -EOPNOTSUPP;
}

int fp_contain_release(struct fp_contain *c, pid_t pid) {
    return c->ops->release ? c->ops->release(c, pid) : 0;
}

bool fp_contain_populated(const struct fp_contain *c) {
    return c->ops->populated && c->ops->populated(c);
}

void fp_contain_close(struct fp_contain *c) {
    if (c->ops->close)
        c->ops->close(c);
}

bool fp_contain_ends(const struct fp_contain *c) {
    return c->ops != &fp_contain_none;
}
