/* Ends that nobody asks for, and statuses that nobody looks at. */
#include <stdlib.h>
#include <sys/wait.h>

#include "../bisect.h"
#include "rules_identity.h"
#include "values.h"

enum {
    BOUND = 10, /* zombies of one parent that are too many */
    LATER = 10, /* forks of the parent since: until then it may just be busy */
    AT_EXIT = 3,
};

/* Death and its notice are not the same moment. */
#define NOTICE (FP_SECONDS / 10)

/* --- statuses --- */

static bool is_bad(int status) {
    return status > 0 && (WIFEXITED(status) || WIFSIGNALED(status));
}

static const char *words(struct fp_identity *identity, int status) {
    if (WIFSIGNALED(status))
        return fp_scene_format(identity->scene, "was killed by %s",
                               fp_signal_name(WTERMSIG(status)));
    return fp_scene_format(identity->scene, "exited with status %d", WEXITSTATUS(status));
}

/* Who kills its child knows how it ends. */
static void see_wait(struct fp_identity *identity, size_t number) {
    struct fp_scene *scene = identity->scene;
    struct fp_record_event event = fp_scene_event(scene, number);
    const struct fp_audit_wait *wait = event.wait;
    size_t child = fp_scene_newest(scene, wait->got, event.time);
    if (!fp_scene_is_reap(&event) || !(wait->flags & FP_WAIT_NO_POINTER) ||
        !(wait->flags & FP_WAIT_HAS_STATUS) || !is_bad(wait->status) ||
        (child != FP_RECORD_NONE && identity->is_killed[child]))
        return;
    struct fp_found *found =
        fp_find(scene, "unchecked-status", event.process, "waited for here", number,
                "%s waited for its child %d without asking how it ended: it %s",
                fp_scene_name(scene, event.process), wait->got, words(identity, wait->status));
    if (child != FP_RECORD_NONE)
        fp_found_place(found, "forked here", scene->lives[child].forked);
}

/* Whether the program looks at what system returns nobody can see. */
static void see_discard(struct fp_identity *identity, size_t number) {
    struct fp_scene *scene = identity->scene;
    struct fp_record_event event = fp_scene_event(scene, number);
    const struct fp_audit_discard *discard = event.discard;
    const char *call = discard->how == FP_DISCARDED_SYSTEM   ? "system"
                       : discard->how == FP_DISCARDED_PCLOSE ? "pclose"
                                                             : NULL;
    if (!is_bad(discard->status) || discard->how == FP_DISCARDED_AUTOMATIC)
        return;
    struct fp_found *found =
        call ? fp_find(scene, "unchecked-status", event.process, "called here", number,
                       "A command that %s ran with %s() %s", fp_scene_name(scene, event.process),
                       call, words(identity, discard->status))
             : fp_find(scene, "unchecked-status", event.process, "discarded here", number,
                       "%s did not ask how its child %d ended: it %s",
                       fp_scene_name(scene, event.process), discard->child,
                       words(identity, discard->status));
    if (call) {
        fp_found_line(found, "Whether the program looked at what %s() returned is not seen", call);
        fp_found_severity(found, FP_NOTE);
    }
}

/* --- zombies --- */

/* A child that its parent has to wait for, and has not killed. */
static bool counts(const struct fp_identity *identity, size_t child) {
    return identity->scene->lives[child].died && !identity->is_killed[child] &&
           fp_identity_is_own(identity, child);
}

/* A parent and those of its children that count. */
struct family {
    size_t parent;
    size_t *children; /* in order of birth */
    size_t count;
    const size_t *all;
    size_t all_count;
    size_t first; /* of those that are zombies */
};

struct step {
    uint64_t time;
    int by;
};

static int by_time(const void *one, const void *other) {
    const struct step *a = one, *b = other;
    return a->time != b->time ? (a->time < b->time ? -1 : 1) : a->by - b->by;
}

/* When the parent had forked LATER more since the child died; 0: it never did. */
static uint64_t overdue(const struct fp_scene *scene, const struct family *family, uint64_t died) {
    size_t low = FP_BISECT(i, family->all_count, scene->lives[family->all[i]].born <= died);
    return low + LATER <= family->all_count ? scene->lives[family->all[low + LATER - 1]].born : 0;
}

static size_t list_steps(const struct fp_scene *scene, struct family *family, struct step *steps) {
    size_t count = 0;
    for (size_t i = 0; i < family->count; i++) {
        const struct fp_life *child = &scene->lives[family->children[i]];
        uint64_t from = overdue(scene, family, child->died);
        uint64_t to =
            child->reaped == FP_NO_EVENT ? UINT64_MAX : fp_scene_event(scene, child->reaped).time;
        if (from == 0 || to <= from)
            continue;
        if (count == 0)
            family->first = family->children[i];
        steps[count++] = (struct step){from, 1};
        steps[count++] = (struct step){to, -1};
    }
    return count;
}

static size_t most_at_once(const struct fp_scene *scene, struct family *family) {
    struct step *steps = calloc(2 * family->count + 1, sizeof *steps);
    size_t count = steps ? list_steps(scene, family, steps) : 0;
    long now = 0, most = 0;
    if (count)
        qsort(steps, count, sizeof *steps, by_time);
    for (size_t i = 0; i < count; i++) {
        now += steps[i].by;
        most = now > most ? now : most;
    }
    free(steps);
    return (size_t)most;
}

/* Dead for some time when their parent ends by itself. */
static size_t left_at_exit(const struct fp_scene *scene, struct family *family) {
    const struct fp_life *parent = &scene->lives[family->parent];
    size_t left = 0;
    for (size_t i = 0; parent->ended != FP_NO_EVENT && i < family->count; i++) {
        const struct fp_life *child = &scene->lives[family->children[i]];
        if (child->reaped != FP_NO_EVENT || child->died + NOTICE >= parent->died)
            continue;
        if (left++ == 0)
            family->first = family->children[i];
    }
    return left;
}

static void see_zombies(struct fp_identity *identity, struct family *family) {
    struct fp_scene *scene = identity->scene;
    size_t most = most_at_once(scene, family),
           left = most > BOUND ? 0 : left_at_exit(scene, family);
    if (most > BOUND)
        fp_find(scene, "zombie-apocalypse", family->parent, "forked here",
                scene->lives[family->first].forked,
                "%s had %zu children at the same time that had ended and that it had not waited "
                "for",
                fp_scene_name(scene, family->parent), most);
    else if (left >= AT_EXIT)
        fp_found_severity(fp_find(scene, "zombie-apocalypse", family->parent, "forked here",
                                  scene->lives[family->first].forked,
                                  "%s ended and had not waited for %zu children that had ended "
                                  "before",
                                  fp_scene_name(scene, family->parent), left),
                          FP_WARNING);
}

/* --- failed, and nobody asked --- */

static void see_unasked(struct fp_identity *identity, size_t parent, size_t number) {
    struct fp_scene *scene = identity->scene;
    const struct fp_life *child = &scene->lives[number];
    if (child->reaped != FP_NO_EVENT || !is_bad(child->status) ||
        !fp_identity_lived_on(identity, parent, child->died + NOTICE))
        return;
    struct fp_found *found =
        fp_find(scene, "unchecked-status", parent, "forked here", child->forked,
                "%s never waited for its child %d, which %s", fp_scene_name(scene, parent),
                (int)child->pid, words(identity, child->status));
    fp_found_place(found, "ended here", child->ended);
}

/* --- all --- */

static void see_family(struct fp_identity *identity, struct family *family) {
    family->all_count = fp_scene_children(identity->scene, family->parent, &family->all);
    family->count = 0;
    for (size_t i = 0; i < family->all_count; i++)
        if (counts(identity, family->all[i]))
            family->children[family->count++] = family->all[i];
    if (family->count == 0)
        return;
    see_zombies(identity, family);
    for (size_t i = 0; i < family->count; i++)
        see_unasked(identity, family->parent, family->children[i]);
}

void fp_identity_ends(struct fp_identity *identity) {
    struct fp_scene *scene = identity->scene;
    struct family family = {.children = calloc(scene->life_count + 1, sizeof *family.children)};
    for (size_t i = 0; i < fp_record_event_count(scene->record); i++) {
        struct fp_record_event event = fp_scene_event(scene, i);
        if (event.kind == FP_AUDIT_WAIT)
            see_wait(identity, i);
        else if (event.kind == FP_AUDIT_DISCARD)
            see_discard(identity, i);
    }
    for (family.parent = 0; family.children && family.parent < scene->life_count; family.parent++)
        if (!identity->is_deaf[family.parent])
            see_family(identity, &family);
    free(family.children);
}
