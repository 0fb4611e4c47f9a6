/* Children of vfork, which have the memory of their parent. */
#include <errno.h>

#include "forked.h"

/*
 * vfork-corrupts-parent, the child's own calls: before it executes a program it calls exit instead
 * of _exit, or leaves the function that called vfork (an error); or it forks, registers a handler
 * for exit, catches an exception or calls what is not async-signal-safe (a warning: it may be meant
 * so). The heap of a process without threads bears it. To close, to duplicate, to open and to set
 * signals is usual there, in libc's own spawn too.
 */
static const char *misdeed(struct fp_scene *scene, const struct fp_record_event *event,
                           bool has_threads, enum fp_severity *ret) {
    *ret = FP_WARNING;
    switch ((int)event->kind) {
    case FP_AUDIT_EXIT:
        *ret = FP_ERROR;
        return event->exit->how == FP_ENDED_RETURN || event->exit->how == FP_ENDED_QUICK_EXIT
                   ? "ends by exit instead of _exit: it runs the exit handlers of its parent"
                   : NULL;
    case FP_AUDIT_UNSAFE:
        return event->unsafe->flags & FP_UNSAFE_IN_VFORK &&
                       (has_threads || !fp_is_allocator(fp_scene_text(scene, event->text)))
                   ? "calls what is not async-signal-safe"
                   : NULL;
    case FP_AUDIT_FORK:
        return "forks";
    case FP_AUDIT_ATEXIT:
        return "registers an exit handler, which its parent will run";
    case FP_AUDIT_CAUGHT:
        return "catches an exception";
    default:
        return NULL;
    }
}

static void tell_misdeed(struct fp_scene *scene, size_t number, size_t at, const char *what,
                         enum fp_severity severity) {
    struct fp_record_event event = fp_scene_event(scene, at);
    bool is_unsafe = event.kind == FP_AUDIT_UNSAFE;
    struct fp_found *found =
        fp_find(scene, "vfork-corrupts-parent", number, "by the vfork child here", at,
                "%s, a vfork child, %s%s%s", fp_scene_name(scene, number), what,
                is_unsafe ? ": " : "", is_unsafe ? fp_scene_text(scene, event.text) : "");
    fp_found_place(found, "made here", scene->lives[number].forked);
    fp_found_severity(found, severity);
}

/* The first of them is told. */
static bool look_at_calls(struct fp_scene *scene, size_t number) {
    const struct fp_life *life = &scene->lives[number];
    bool has_threads = fp_scene_event(scene, life->forked).fork->threads > 1;
    for (size_t i = 0; i < life->event_count; i++) {
        enum fp_severity severity;
        size_t frame, at = life->events[i];
        struct fp_record_event event = fp_scene_event(scene, at);
        bool is_end = event.kind == FP_AUDIT_EXEC || event.kind == FP_AUDIT_EXIT;
        if (event.kind == FP_AUDIT_IMAGE || (life->executed != FP_NO_EVENT && at > life->executed))
            break;
        const char *what = misdeed(scene, &event, has_threads, &severity);
        if (!what && is_end && fp_forker_at(scene, life->forked, at, &frame) == FP_FORKER_GONE) {
            what = "has left the function that called vfork, whose frame its parent needs";
            severity = FP_ERROR;
        }
        if (what) {
            tell_misdeed(scene, number, at, what, severity);
            return true;
        }
    }
    return false;
}

/* --- a descriptor that the parent has by its child only --- */

static bool is_opening_of(const struct fp_audit_descriptor *touched, int fd) {
    if (touched->result != 0)
        return false;
    switch (touched->what) {
    case FP_TOUCHED_OPEN:
        return touched->fd == fd;
    case FP_TOUCHED_DUP:
        return touched->other == fd;
    case FP_TOUCHED_PIPE:
    case FP_TOUCHED_SOCKETPAIR:
        return touched->fd == fd || touched->other == fd;
    default:
        return false;
    }
}

static bool is_vain_use_of(const struct fp_audit_descriptor *touched, int fd) {
    return touched->fd == fd && touched->result == -EBADF &&
           (touched->what == FP_TOUCHED_READ || touched->what == FP_TOUCHED_WRITE);
}

/* The parent's first use of that descriptor, after the vfork, if it has never opened it. */
static size_t vain_use(const struct fp_scene *scene, const struct fp_life *parent, size_t forked,
                       int fd) {
    for (size_t i = 0; i < parent->event_count; i++) {
        struct fp_record_event event = fp_scene_event(scene, parent->events[i]);
        bool is_after = parent->events[i] > forked;
        if (is_after && event.kind == FP_AUDIT_IMAGE)
            break;
        if (event.kind != FP_AUDIT_DESCRIPTOR)
            continue;
        if (is_opening_of(event.descriptor, fd))
            break;
        if (is_vain_use_of(event.descriptor, fd))
            return is_after ? parent->events[i] : FP_NO_EVENT;
    }
    return FP_NO_EVENT;
}

/*
 * vfork-corrupts-parent, its damage: the child opens a descriptor, which is in its own table only,
 * and after that the parent, which has never opened one of that number, reads or writes it. It can
 * know the number from the memory of both alone.
 */
static void look_for_damage(struct fp_scene *scene, size_t number) {
    const struct fp_life *life = &scene->lives[number];
    const struct fp_life *parent = &scene->lives[life->parent];
    size_t place = 0, opened;
    while ((opened = fp_scene_next(scene, number, FP_AUDIT_DESCRIPTOR, &place)) != FP_NO_EVENT) {
        const struct fp_audit_descriptor *as = fp_scene_event(scene, opened).descriptor;
        int fd = as->what == FP_TOUCHED_DUP ? as->other : as->fd;
        if (!fp_is_before_exec(life, opened))
            return;
        size_t use = fd > 2 && is_opening_of(as, fd) ? vain_use(scene, parent, life->forked, fd)
                                                     : FP_NO_EVENT;
        if (use == FP_NO_EVENT)
            continue;
        struct fp_found *found = fp_find(
            scene, "vfork-corrupts-parent", life->parent, "used here", use,
            "%s uses descriptor %d, which only its vfork child has opened: the child has written "
            "to the memory of both",
            fp_scene_name(scene, life->parent), fd);
        fp_found_place(found, "opened by the vfork child here", opened);
        fp_found_place(found, "made here", life->forked);
        return;
    }
}

void fp_rules_vfork(struct fp_scene *scene) {
    for (size_t i = 0; i < scene->life_count; i++) {
        const struct fp_life *life = &scene->lives[i];
        if (life->forked == FP_NO_EVENT || life->parent == FP_RECORD_NONE ||
            fp_scene_event(scene, life->forked).fork->how != FP_FORKED_VFORK)
            continue;
        if (!look_at_calls(scene, i))
            look_for_damage(scene, i);
    }
}
