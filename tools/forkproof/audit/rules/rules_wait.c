/* Waits that found nobody, since another wait had taken the child; and those that were given up. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "forked.h"
#include "rules_identity.h"
#include "values.h"

/* --- somebody else was faster --- */

/* Who forked it and waits for it is told that it has no child: a wait of an older bearer's owner
 * took it. */
static bool is_recycled(const struct fp_scene *scene, const struct fp_record_event *event,
                        const struct fp_life *life, size_t former) {
    if (former == FP_RECORD_NONE || life->forked == FP_NO_EVENT ||
        scene->lives[former].reaped == FP_NO_EVENT)
        return false;
    struct fp_record_event thief = fp_scene_event(scene, life->reaped);
    struct fp_record_event earlier = fp_scene_event(scene, scene->lives[former].reaped);
    struct fp_record_event fork = fp_scene_event(scene, life->forked);
    return thief.wait->asked == life->pid && thief.tid != event->tid && fork.tid == event->tid &&
           earlier.process == thief.process && earlier.tid == thief.tid;
}

static void find_stolen(struct fp_identity *identity, size_t number, size_t target, size_t former) {
    struct fp_scene *scene = identity->scene;
    const struct fp_life *life = &scene->lives[target];
    struct fp_record_event event = fp_scene_event(scene, number);
    struct fp_found *found =
        fp_find(scene, "wait-steals-recycled-child", event.process, "waited for here", life->reaped,
                "%s waited for %d, a child that it had reaped before, and took another thread's "
                "new child of that pid",
                fp_scene_name(scene, event.process), (int)life->pid);
    fp_found_place(found, "reaped here before", scene->lives[former].reaped);
    fp_found_place(found, "the new child was forked here", life->forked);
    fp_found_place(found, "and is missed here", number);
}

/* Both are of one thread, of one image. */
static bool is_same_thread(const struct fp_scene *scene, size_t before, size_t number) {
    struct fp_record_event one = fp_scene_event(scene, before);
    struct fp_record_event other = fp_scene_event(scene, number);
    size_t place = fp_events_after(&scene->lives[other.process], before);
    return one.process == other.process && one.tid == other.tid &&
           fp_scene_next(scene, other.process, FP_AUDIT_IMAGE, &place) > number;
}

static void find_reaped(struct fp_identity *identity, size_t number, size_t target) {
    struct fp_scene *scene = identity->scene;
    const struct fp_life *life = &scene->lives[target];
    struct fp_record_event event = fp_scene_event(scene, number);
    bool is_any = fp_scene_event(scene, life->reaped).wait->asked <= 0;
    if (!is_any && fp_scene_same_place(scene, number, life->reaped))
        return; // a loop that goes on until nobody is left
    struct fp_found *found = fp_find(
        scene, is_any ? "wait-any-steals" : "kill-reaps", event.process, "waited for here", number,
        is_any ? "%s waited for its child %d, which a wait for any child had taken"
               : "%s waited for its child %d, which it had reaped before",
        fp_scene_name(scene, event.process), (int)life->pid);
    fp_found_place(found, "reaped here", life->reaped);
    fp_found_place(found, "forked here", life->forked);
    // Who asks may know what to make of the answer; and a thread what it has reaped itself.
    if (event.wait->options & WNOHANG || (is_any && is_same_thread(scene, life->reaped, number)))
        fp_found_severity(found, FP_WARNING);
}

static void see_nobody(struct fp_identity *identity, size_t number) {
    const struct fp_scene *scene = identity->scene;
    struct fp_record_event event = fp_scene_event(scene, number);
    size_t target = fp_scene_newest(scene, event.wait->asked, event.time);
    if (target == FP_RECORD_NONE || scene->lives[target].reaped == FP_NO_EVENT)
        return;
    struct fp_record_event reaped = fp_scene_event(scene, scene->lives[target].reaped);
    if (reaped.process != event.process || reaped.time >= event.time)
        return;
    size_t former = fp_scene_former(scene, target);
    if (is_recycled(scene, &event, &scene->lives[target], former))
        find_stolen(identity, number, target, former);
    else
        find_reaped(identity, number, target);
}

/* Whose waits are looked at. */
struct parent {
    size_t life;
    size_t *unreaped; /* its own children that nobody has waited for */
    size_t count;
    bool handles; /* SIGCHLD, by a handler of its own */
    bool is_told;
};

/* --- interrupted --- */

static bool is_waited_for(const struct fp_scene *scene, size_t life, size_t place, int asked) {
    while (++place < scene->lives[life].event_count) {
        size_t number = scene->lives[life].events[place];
        struct fp_record_event event = fp_scene_event(scene, number);
        if (event.kind == FP_AUDIT_WAIT &&
            (asked <= 0 || event.wait->asked <= 0 || event.wait->asked == asked))
            return true;
        // Whoever is interrupted so that it ends will rather end its children.
        if (event.kind == FP_AUDIT_KILL && event.kill->signal &&
            (asked <= 0 || event.kill->target <= 0 || event.kill->target == asked))
            return true;
    }
    return false;
}

static bool has_unreaped(const struct fp_scene *scene, const struct parent *parent, uint64_t time) {
    for (size_t i = 0; i < parent->count; i++)
        if (scene->lives[parent->unreaped[i]].born < time)
            return true;
    return false;
}

static void see_interrupted(struct fp_identity *identity, const struct parent *parent,
                            size_t place) {
    struct fp_scene *scene = identity->scene;
    size_t life = parent->life;
    size_t number = scene->lives[life].events[place];
    struct fp_record_event event = fp_scene_event(scene, number);
    int asked = event.wait->asked;
    size_t target = asked > 0 ? fp_scene_newest(scene, asked, event.time) : FP_RECORD_NONE;
    bool is_missed = target != FP_RECORD_NONE
                         ? scene->lives[target].reaped == FP_NO_EVENT
                         : asked <= 0 && has_unreaped(scene, parent, event.time);
    bool is_killed = scene->lives[life].status >= 0 && WIFSIGNALED(scene->lives[life].status);
    if (!is_missed || is_killed || is_waited_for(scene, life, place, asked))
        return;
    struct fp_found *found =
        fp_find(scene, "wait-eintr", life, "waited here", number,
                "A wait of %s was interrupted by a signal (EINTR) and was not tried again",
                fp_scene_name(scene, life));
    if (target != FP_RECORD_NONE)
        fp_found_place(found, "the child was forked here", scene->lives[target].forked);
}

/* --- one wait for several ends --- */

/* Dead before that, as far as is known for certain. */
static size_t missed(const struct fp_scene *scene, const struct parent *parent, uint64_t time) {
    size_t missed = 0;
    uint64_t died = scene->lives[parent->life].died;
    uint64_t end = died ? died : scene->over;
    for (size_t i = 0; i < parent->count; i++) {
        const struct fp_life *child = &scene->lives[parent->unreaped[i]];
        bool is_certain = // that it exits is told before it has
            child->seen != FP_NO_EVENT || child->died + FP_SECONDS / 10 < end;
        missed += child->died && child->died < time && is_certain;
    }
    return missed;
}

static void see_handled(struct fp_identity *identity, struct parent *parent, size_t number) {
    struct fp_scene *scene = identity->scene;
    struct fp_record_event event = fp_scene_event(scene, number);
    size_t count = missed(scene, parent, event.time);
    if (count == 0 || !fp_scene_in_handler(scene, number))
        return;
    parent->is_told = true;
    fp_find(scene, "sigchld-coalesced", parent->life, "waited here", number,
            "The SIGCHLD handler of %s took one child, %d, while %zu more had ended; those were "
            "never waited for",
            fp_scene_name(scene, parent->life), event.wait->got, count);
}

static void list_unreaped(const struct fp_identity *identity, struct parent *parent) {
    const size_t *children;
    size_t count = fp_scene_children(identity->scene, parent->life, &children);
    parent->count = 0;
    for (size_t i = 0; i < count; i++)
        if (identity->scene->lives[children[i]].reaped == FP_NO_EVENT &&
            fp_identity_is_own(identity, children[i]))
            parent->unreaped[parent->count++] = children[i];
}

/* The last handler for SIGCHLD that it has set by then is one of its own. */
static bool sets_handler(const struct fp_record_event *event, bool has_one) {
    if (event->kind != FP_AUDIT_HANDLER || event->handler->signal != SIGCHLD ||
        event->handler->result != 0)
        return has_one;
    return event->handler->handler > 1;
}

/* --- all --- */

static void see_wait(struct fp_identity *identity, struct parent *parent, size_t place) {
    size_t number = identity->scene->lives[parent->life].events[place];
    struct fp_record_event event = fp_scene_event(identity->scene, number);
    const struct fp_audit_wait *wait = event.wait;
    if (wait->got == -ECHILD && wait->asked > 0 && !(wait->options & WNOWAIT))
        see_nobody(identity, number);
    else if (wait->got == -EINTR)
        see_interrupted(identity, parent, place);
    else if (parent->handles && !parent->is_told && fp_scene_is_reap(&event))
        see_handled(identity, parent, number);
}

static void see_life(struct fp_identity *identity, struct parent *parent) {
    const struct fp_life *life = &identity->scene->lives[parent->life];
    list_unreaped(identity, parent);
    parent->handles = parent->is_told = false;
    for (size_t i = 0; i < life->event_count; i++) {
        struct fp_record_event event = fp_scene_event(identity->scene, life->events[i]);
        parent->handles = sets_handler(&event, parent->handles);
        if (event.kind == FP_AUDIT_WAIT)
            see_wait(identity, parent, i);
    }
}

void fp_identity_waits(struct fp_identity *identity) {
    size_t count = identity->scene->life_count;
    struct parent parent = {.unreaped = calloc(count + 1, sizeof *parent.unreaped)};
    for (; parent.unreaped && parent.life < count; parent.life++)
        see_life(identity, &parent);
    free(parent.unreaped);
}
