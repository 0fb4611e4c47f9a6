#include "contain/contain.h"

#include <errno.h>
#include <stdio.h>

const char *fp_rung_name(enum fp_rung rung) {
    switch (rung) {
    case FP_RUNG_AUTO:
        return "auto";
    case FP_RUNG_NONE:
        return fp_contain_none.name;
    case FP_RUNG_WALK:
        return fp_contain_walk.name;
    case FP_RUNG_CGROUP:
        return fp_contain_cgroup.name;
    }
    return "?";
}

void fp_contain_open(struct fp_contain *c, enum fp_rung wanted, const char *run_id) {
    *c = (struct fp_contain){.procs_fd = -1, .kill_fd = -1, .events_fd = -1};
    if (wanted == FP_RUNG_AUTO || wanted == FP_RUNG_CGROUP) {
        c->ops = &fp_contain_cgroup;
        if (c->ops->open(c, run_id) == 0)
            return;
        c->ops = &fp_contain_walk;
        return;
    }
    c->ops = wanted == FP_RUNG_NONE ? &fp_contain_none : &fp_contain_walk;
    snprintf(c->why_not, sizeof c->why_not, "--contain=%s was asked for", c->ops->name);
}

void fp_contain_weaken(struct fp_contain *c, const char *why) {
    fp_contain_close(c);
    c->ops = &fp_contain_walk;
    snprintf(c->why_not, sizeof c->why_not, "%s", why);
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
