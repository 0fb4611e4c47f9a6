/* A forked child that leaves the function which forked it, and runs its parent's code. */
#include <fcntl.h>
#include <string.h>

#include "forked.h"

enum { STACKS = 64, CHILD_LOOKS = 16, PARENT_LOOKS = 512 };

/* --- child-returns --- */

static bool is_device(struct fp_record_text path) {
    return path.size > 5 && (memcmp(path.at, "/dev/", 5) == 0 || memcmp(path.at, "/proc", 5) == 0);
}

/* What is not to be done twice. What both may do, such as closing a pipe, is none of it. */
static bool is_deed(const struct fp_record_event *event) {
    switch ((int)event->kind) {
    case FP_AUDIT_DESCRIPTOR:
        return event->descriptor->what == FP_TOUCHED_OPEN && event->descriptor->result == 0 &&
               (event->descriptor->flags & O_ACCMODE) != O_RDONLY && event->text.size &&
               !is_device(event->text);
    case FP_AUDIT_FORK:
        return !fp_fork_is_copy(event); // that is told as a nested one
    case FP_AUDIT_KILL:
        return event->kill->signal != 0;
    case FP_AUDIT_SHELL:
        return true;
    default:
        return false;
    }
}

static bool is_same_deed(const struct fp_record_event *a, const struct fp_record_event *b) {
    return a->kind == b->kind && a->text.size == b->text.size &&
           (a->text.size == 0 || memcmp(a->text.at, b->text.at, a->text.size) == 0);
}

/* The parent's next deed, from *place in its events on, with the same stack pointer as that of the
 * child. Moves *place behind it. */
static size_t next_like(const struct fp_scene *scene, const struct fp_life *parent, size_t by_child,
                        size_t *place, size_t end) {
    struct fp_record_event deed = fp_scene_event(scene, by_child);
    uint64_t sp = fp_scene_sp(scene, by_child);
    while (sp != 0 && *place < end) {
        size_t number = parent->events[(*place)++];
        struct fp_record_event event = fp_scene_event(scene, number);
        if (event.kind == FP_AUDIT_IMAGE)
            break;
        if (event.kind == deed.kind && fp_scene_sp(scene, number) == sp &&
            is_same_deed(&event, &deed))
            return number;
    }
    return FP_NO_EVENT;
}

/* The parent's deed by the same call, after the fork; without `by_stack` it only may be the same.
 * Of deep stacks not all was kept: the frames are compared as far as they are known. */
static size_t same_deed(struct fp_scene *scene, const struct fp_life *parent, size_t forked,
                        size_t by_child, bool by_stack) {
    size_t place = fp_events_after(parent, forked), end = place + PARENT_LOOKS, number;
    if (end > parent->event_count)
        end = parent->event_count;
    while ((number = next_like(scene, parent, by_child, &place, end)) != FP_NO_EVENT)
        if (!by_stack || fp_scene_same_place(scene, by_child, number))
            break;
    return number;
}

/* From which event on the child is no longer in the function that forked it: behind the last one
 * that is known to be in it, before the first that is not. FP_NO_EVENT: none is out of it. */
static size_t left_at(struct fp_scene *scene, const struct fp_life *life, size_t forked) {
    size_t from = 0;
    for (size_t i = 0; i < life->event_count && i < STACKS; i++) {
        size_t frame;
        enum fp_forker forker = fp_forker_at(scene, forked, life->events[i], &frame);
        if (forker == FP_FORKER_GONE)
            return from;
        if (forker == FP_FORKER_THERE)
            from = life->events[i] + 1;
    }
    return FP_NO_EVENT;
}

static void tell_return(struct fp_scene *scene, size_t number, size_t forked, size_t by_child,
                        size_t by_parent) {
    struct fp_found *found =
        fp_find(scene, "child-returns", number, "the child came here", by_child,
                "%s, a forked child, left %s, which forked it, and does the work of its parent "
                "once more",
                fp_scene_name(scene, number), fp_caller_name(scene, forked));
    fp_found_place(found, "as its parent did", by_parent);
    fp_found_place(found, "it was forked here", forked);
}

/* Whether it is to be told with one such deed: an open may be a line in a log. */
static bool is_grave(const struct fp_scene *scene, size_t deed) {
    return fp_scene_event(scene, deed).kind != FP_AUDIT_DESCRIPTOR;
}

/* Of the child's events, deeds that its parent may have done by the same call. */
static size_t find_deeds(struct fp_scene *scene, size_t number, size_t forked,
                         size_t ret[CHILD_LOOKS]) {
    const struct fp_life *life = &scene->lives[number];
    const struct fp_life *parent = &scene->lives[life->parent];
    size_t count = 0;
    for (size_t i = 0, looks = 0; i < life->event_count && looks < CHILD_LOOKS; i++) {
        struct fp_record_event event = fp_scene_event(scene, life->events[i]);
        if (!is_deed(&event))
            continue;
        looks++;
        if (same_deed(scene, parent, forked, life->events[i], false) != FP_NO_EVENT)
            ret[count++] = life->events[i];
    }
    return count;
}

/*
 * child-returns: a child that never tries to execute a program leaves the function that forked it,
 * by the frames of its stack, and then opens for writing, signals or starts by the same calls from
 * the same frames as its parent after the fork: two such opens, or one of the others. Nothing is
 * said of interpreters, where one frame runs all of a script.
 */
static void look_for_return(struct fp_scene *scene, size_t number, size_t forked) {
    const struct fp_life *life = &scene->lives[number];
    size_t deeds[CHILD_LOOKS], place = 0, first = FP_NO_EVENT, first_of_parent = FP_NO_EVENT;
    if (fp_scene_next(scene, number, FP_AUDIT_EXEC, &place) != FP_NO_EVENT ||
        fp_is_interpreter(scene, life->parent))
        return;
    size_t count = find_deeds(scene, number, forked, deeds);
    size_t left = count ? left_at(scene, life, forked) : FP_NO_EVENT;
    for (size_t i = 0; i < count; i++) {
        size_t deed = deeds[i], by_parent;
        if (deed < left || (by_parent = same_deed(scene, &scene->lives[life->parent], forked, deed,
                                                  true)) == FP_NO_EVENT)
            continue;
        if (first == FP_NO_EVENT) {
            first = deed;
            first_of_parent = by_parent;
        }
        if (is_grave(scene, deed) || !fp_scene_same_place(scene, first, deed)) {
            tell_return(scene, number, forked, first, first_of_parent);
            return;
        }
    }
}

/* --- exception-in-child --- */

/* Whether the child went its own way at last: it executed a program, or called _exit. */
static bool ends_as_child(const struct fp_scene *scene, const struct fp_life *life) {
    if (life->executed != FP_NO_EVENT)
        return true;
    if (life->ended == FP_NO_EVENT)
        return false;
    return fp_scene_event(scene, life->ended).exit->how != FP_ENDED_RETURN;
}

/*
 * exception-in-child: a forked child catches an exception in a function that called, directly or
 * not, the one that forked, which is no longer on the stack; and the child neither executes a
 * program nor ends by _exit, but returns from main, calls exit or lives on.
 */
static void look_for_caught(struct fp_scene *scene, size_t number, size_t forked) {
    const struct fp_life *life = &scene->lives[number];
    size_t place = 0, caught, frame;
    if (ends_as_child(scene, life))
        return;
    while ((caught = fp_scene_next(scene, number, FP_AUDIT_CAUGHT, &place)) != FP_NO_EVENT) {
        if (fp_forker_at(scene, forked, caught, &frame) != FP_FORKER_GONE)
            continue;
        struct fp_found *found =
            fp_find(scene, "exception-in-child", number, "caught here by the child", caught,
                    "%s, a forked child, catches an exception outside of %s, which forked it, and "
                    "goes on as if it were its parent",
                    fp_scene_name(scene, number), fp_caller_name(scene, forked));
        fp_found_place(found, "it was forked here", forked);
        return;
    }
}

void fp_rules_returns(struct fp_scene *scene) {
    for (size_t i = 0; i < scene->life_count; i++) {
        size_t forked = fp_forked_copy(scene, i);
        if (forked == FP_NO_EVENT || scene->lives[i].parent == FP_RECORD_NONE)
            continue;
        look_for_return(scene, i, forked);
        look_for_caught(scene, i, forked);
    }
}
