/* Descriptors in an event, and events beside an event. */
#include "../bisect.h"
#include "replay.h"

bool fp_touch_has(const struct fp_audit_descriptor *what, int fd) {
    return what->what == FP_TOUCHED_CLOSE_RANGE ? fd >= what->fd && fd <= what->other
                                                : fd == what->fd;
}

bool fp_touch_closes(const struct fp_audit_descriptor *what, int fd) {
    bool closes = what->what == FP_TOUCHED_CLOSE ||
                  (what->what == FP_TOUCHED_CLOSE_RANGE && !(what->flags & FP_TOUCHED_ON_EXEC));
    return closes && fp_touch_has(what, fd);
}

/* Its place among those of its life. */
static size_t place_of(const struct fp_life *life, size_t number) {
    return FP_BISECT(i, life->event_count, life->events[i] < number);
}

size_t fp_thread_next(const struct fp_scene *scene, size_t number) {
    struct fp_record_event event = fp_scene_event(scene, number);
    const struct fp_life *life = &scene->lives[event.process];
    for (size_t i = place_of(life, number) + 1; i < life->event_count; i++)
        if (fp_scene_event(scene, life->events[i]).tid == event.tid)
            return life->events[i];
    return FP_NO_EVENT;
}

size_t fp_thread_before(const struct fp_scene *scene, size_t number) {
    struct fp_record_event event = fp_scene_event(scene, number);
    const struct fp_life *life = &scene->lives[event.process];
    for (size_t i = place_of(life, number); i-- > 0;)
        if (fp_scene_event(scene, life->events[i]).tid == event.tid)
            return life->events[i];
    return FP_NO_EVENT;
}

size_t fp_exec_of(const struct fp_scene *scene, size_t number) {
    while ((number = fp_thread_next(scene, number)) != FP_NO_EVENT) {
        enum fp_audit_kind kind = fp_scene_event(scene, number).kind;
        if (kind == FP_AUDIT_EXEC || kind == FP_AUDIT_FORK)
            return number;
        if (kind != FP_AUDIT_INHERITED && kind != FP_AUDIT_VARIABLE)
            return FP_NO_EVENT;
    }
    return FP_NO_EVENT;
}

enum fp_exec_end fp_exec_end(const struct fp_scene *scene, size_t number) {
    if (fp_scene_event(scene, number).kind == FP_AUDIT_FORK)
        return FP_EXEC_SPAWNED;
    size_t next = fp_thread_next(scene, number);
    if (next == FP_NO_EVENT)
        return FP_EXEC_WORKED;
    struct fp_record_event event = fp_scene_event(scene, next);
    if (event.kind == FP_AUDIT_FORK)
        return FP_EXEC_SPAWNED;
    return event.kind == FP_AUDIT_IMAGE ? FP_EXEC_WORKED : FP_EXEC_FAILED;
}

size_t fp_exec_image(const struct fp_scene *scene, size_t number) {
    struct fp_record_event event = fp_scene_event(scene, number);
    size_t life = event.process, place = place_of(&scene->lives[life], number);
    size_t next = event.kind == FP_AUDIT_FORK ? number : fp_thread_next(scene, number);
    struct fp_record_event fork = {.kind = FP_AUDIT_KINDS};
    if (next != FP_NO_EVENT)
        fork = fp_scene_event(scene, next);
    if (fork.kind == FP_AUDIT_FORK) {
        life = fp_scene_who(scene, fork.fork->child, fork.time);
        place = 0;
    }
    if (life == FP_RECORD_NONE)
        return FP_NO_EVENT;
    return fp_scene_next(scene, life, FP_AUDIT_IMAGE, &place);
}

const char *fp_exec_path(struct fp_scene *scene, size_t number) {
    struct fp_record_text path = fp_scene_event(scene, number).text;
    return path.size ? fp_scene_text(scene, path) : "a program";
}
