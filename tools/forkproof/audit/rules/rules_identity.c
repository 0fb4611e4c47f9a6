/* Pids, waits and ends: what all these rules look at first. */
#include "rules_identity.h"

#include <signal.h>
#include <stdlib.h>

bool fp_identity_is_own(const struct fp_identity *identity, size_t child) {
    const struct fp_life *life = &identity->scene->lives[child];
    if (life->forked == FP_NO_EVENT || life->parent == FP_RECORD_NONE || life->is_daemon)
        return false;
    switch (fp_scene_event(identity->scene, life->forked).fork->how) {
    case FP_FORKED_SYSTEM:
    case FP_FORKED_POPEN:
    case FP_FORKED_WORDEXP:
    case FP_FORKED_DAEMON:
        return false;
    default:
        return true;
    }
}

bool fp_identity_lived_on(const struct fp_identity *identity, size_t life, uint64_t time) {
    const struct fp_scene *scene = identity->scene;
    size_t last = identity->last[life];
    if (last != FP_NO_EVENT && fp_scene_event(scene, last).time > time)
        return true;
    uint64_t died = scene->lives[life].died ? scene->lives[life].died : scene->over;
    return died > time + FP_SECONDS;
}

const char *fp_identity_span(const struct fp_identity *identity, uint64_t from, uint64_t to) {
    return fp_scene_format(identity->scene, "%.3f s", to > from ? (double)(to - from) / 1e9 : 0.0);
}

/* --- what each does --- */

static bool deafens(const struct fp_record_event *event) {
    if (event->kind == FP_AUDIT_HANDLER)
        return event->handler->signal == SIGCHLD && event->handler->result == 0 &&
               (event->handler->handler == 1 || event->handler->flags & SA_NOCLDWAIT);
    return event->kind == FP_AUDIT_EXEC &&
           event->exec->flags & (FP_EXEC_NO_SIGCHLD | FP_EXEC_HAD_NO_SIGCHLD);
}

static void see_event(struct fp_identity *identity, size_t number) {
    struct fp_scene *scene = identity->scene;
    struct fp_record_event event = fp_scene_event(scene, number);
    if (deafens(&event))
        identity->is_deaf[event.process] = true;
    if (event.kind == FP_AUDIT_FORK || event.kind == FP_AUDIT_WAIT)
        identity->last[event.process] = number;
    if (event.kind != FP_AUDIT_KILL || event.kill->target <= 0 || event.kill->signal == 0)
        return;
    size_t target = fp_scene_newest(scene, event.kill->target, event.time);
    if (target != FP_RECORD_NONE && scene->lives[target].parent == event.process)
        identity->is_killed[target] = true;
}

/* A forked child ignores what its parent did, and so does what it executes. */
static void inherit_deafness(struct fp_identity *identity) {
    const struct fp_scene *scene = identity->scene;
    bool *is_known = calloc(scene->life_count + 1, sizeof *is_known);
    size_t *path = calloc(scene->life_count + 1, sizeof *path);
    for (size_t i = 0; is_known && path && i < scene->life_count; i++) {
        size_t depth = 0, at = i;
        for (; at != FP_RECORD_NONE && !is_known[at]; at = scene->lives[at].parent)
            path[depth++] = at;
        bool is_deaf = at != FP_RECORD_NONE && identity->is_deaf[at];
        while (depth-- > 0) {
            is_known[path[depth]] = true;
            is_deaf = identity->is_deaf[path[depth]] |= is_deaf;
        }
    }
    free(is_known);
    free(path);
}

static void look(struct fp_identity *identity) {
    struct fp_scene *scene = identity->scene;
    for (size_t i = 0; i < scene->life_count; i++)
        identity->last[i] = FP_NO_EVENT;
    for (size_t i = 0; i < fp_record_event_count(scene->record); i++)
        see_event(identity, i);
    inherit_deafness(identity);
}

void fp_rules_identity(struct fp_scene *scene) {
    size_t count = scene->life_count + 1;
    struct fp_identity identity = {
        .scene = scene,
        .is_deaf = calloc(count, sizeof *identity.is_deaf),
        .is_killed = calloc(count, sizeof *identity.is_killed),
        .last = calloc(count, sizeof *identity.last),
    };
    if (identity.is_deaf && identity.is_killed && identity.last) {
        look(&identity);
        fp_identity_kills(&identity);
        fp_identity_waits(&identity);
        fp_identity_ends(&identity);
    }
    free(identity.is_deaf);
    free(identity.is_killed);
    free(identity.last);
}
