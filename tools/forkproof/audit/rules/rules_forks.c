/* Forks: who forks where its parent forks, so that children multiply; and forks that were refused.
 */
#include <errno.h>
#include <stdlib.h>

#include "forked.h"

enum { CHILD_LOOKS = 64, PARENT_LOOKS = 1024 }; /* forks of the child, events of the parent */

/* Generations of a bomb; refusals of a process that loops; and so many that are no single mishap.
 */
enum { NESTED = 4, LOOP = 16, RETRIED = 3 };

/* The parent's fork of the same call, after it had made the child. */
static size_t same_by_parent(struct fp_scene *scene, const struct fp_life *parent, size_t forked,
                             size_t by_child) {
    size_t place = fp_events_after(parent, forked);
    for (size_t i = place; i < parent->event_count && i - place < PARENT_LOOKS; i++) {
        size_t number = parent->events[i];
        struct fp_record_event event = fp_scene_event(scene, number);
        if (event.kind == FP_AUDIT_IMAGE)
            break;
        if (fp_fork_is_copy(&event) && fp_is_same_call(scene, by_child, number))
            return number;
    }
    return FP_NO_EVENT;
}

static void tell(struct fp_scene *scene, size_t life, size_t forked, size_t by_child,
                 size_t by_parent) {
    bool is_loop = fp_scene_same_place(scene, forked, by_child);
    const char *child = fp_scene_name(scene, life);
    const char *function = fp_caller_name(scene, by_child);
    struct fp_found *found =
        is_loop ? fp_find(scene, "nested-fork", life, "forked here by a child, too", by_child,
                          "%s forks in %s, where it was forked itself, and its parent goes on to "
                          "fork there as well: each round doubles the processes",
                          child, function)
                : fp_find(scene, "double-fork-count", life, "forked here by a child", by_child,
                          "%s, a forked child, comes to the next fork of %s as well as its parent: "
                          "two forks make three children",
                          child, function);
    fp_found_place(found, "and here by its parent", by_parent);
    if (!is_loop)
        fp_found_place(found, "the child was forked here", forked);
}

/*
 * nested-fork and double-fork-count: a child that has executed nothing makes a fork, and after it
 * had made the child its parent makes one by the same call from the same frame. Where that is the
 * fork that made the child, it is a nested one, else the next of a row. The stacks have to be
 * whole; nothing is said of interpreters, whose scripts all fork at one place.
 */
static void look_at_child(struct fp_scene *scene, size_t number) {
    const struct fp_life *life = &scene->lives[number];
    size_t forked = fp_forked_copy(scene, number), place = 0, by_child;
    if (forked == FP_NO_EVENT || life->parent == FP_RECORD_NONE ||
        fp_is_interpreter(scene, life->parent))
        return;
    for (int i = 0; i < CHILD_LOOKS; i++) {
        by_child = fp_scene_next(scene, number, FP_AUDIT_FORK, &place);
        if (by_child == FP_NO_EVENT)
            return;
        struct fp_record_event event = fp_scene_event(scene, by_child);
        if (!fp_is_before_exec(life, by_child))
            return;
        size_t by_parent = FP_NO_EVENT;
        if (fp_fork_is_copy(&event))
            by_parent = same_by_parent(scene, &scene->lives[life->parent], forked, by_child);
        if (by_parent != FP_NO_EVENT) {
            tell(scene, number, forked, by_child, by_parent);
            return;
        }
    }
}

/* --- fork-bomb --- */

static bool was_refused(const struct fp_record_event *event) {
    return event->kind == FP_AUDIT_FORK &&
           (event->fork->child == -EAGAIN || event->fork->child == -ENOMEM);
}

/* Whether it descends, copy by copy, from one of the same program and arguments, and how far. */
static bool is_nested(const struct fp_scene *scene, size_t number) {
    size_t parent = scene->lives[number].parent;
    int generations = 1;
    while (generations < NESTED && parent != FP_RECORD_NONE &&
           fp_is_same_program(scene, number, parent)) {
        number = parent;
        parent = scene->lives[number].parent;
        generations++;
    }
    return generations == NESTED;
}

struct refusals {
    size_t made, refused; /* forks in the whole run */
    size_t told;          /* the first that was refused; of one that is nested, if there is one */
    bool is_nested;
    uint32_t *of; /* by life: how often each was refused */
};

static void count_fork(struct fp_scene *scene, struct refusals *all, size_t number) {
    struct fp_record_event event = fp_scene_event(scene, number);
    all->made += event.kind == FP_AUDIT_FORK && event.fork->child >= 0;
    if (!was_refused(&event))
        return;
    all->refused++;
    all->of[event.process]++;
    bool is_first = all->of[event.process] == 1;
    bool is_worse = is_first && !all->is_nested && is_nested(scene, event.process);
    all->is_nested |= is_worse;
    if (all->told == FP_NO_EVENT || is_worse)
        all->told = number;
}

static bool has_loop(const struct fp_scene *scene, const struct refusals *all) {
    for (size_t i = 0; i < scene->life_count; i++)
        if (all->of[i] >= LOOP && !fp_is_interpreter(scene, i))
            return true;
    return false;
}

static void tell_refused(struct fp_scene *scene, const struct refusals *all) {
    struct fp_record_event event = fp_scene_event(scene, all->told);
    bool is_limit = event.fork->child == -EAGAIN;
    struct fp_found *found = fp_find(scene, "fork-bomb", event.process, "refused here", all->told,
                                     "%s could not fork: %s", fp_scene_name(scene, event.process),
                                     is_limit ? "the limit of processes was reached (EAGAIN)"
                                              : "there was no memory for it (ENOMEM)");
    fp_found_line(found, "forks in the whole run: %zu, refused: %zu", all->made + all->refused,
                  all->refused);
    if (all->is_nested)
        fp_found_line(found, "it descends from others of its kind, each of which forked the next");
    else if (!has_loop(scene, all))
        fp_found_severity(found, all->refused < RETRIED ? FP_NOTE : FP_WARNING);
}

/*
 * fork-bomb: a fork, or a spawn, was refused because there were too many processes or there was no
 * memory. Told once: as an error if who was refused descends from its own kind, or went on trying
 * as nobody does who looks at the answer; a program that has just met a limit may be as it should.
 */
static void look_for_refused(struct fp_scene *scene) {
    struct refusals all = {.told = FP_NO_EVENT};
    all.of = calloc(scene->life_count + 1, sizeof *all.of);
    for (size_t i = 0; all.of && i < fp_record_event_count(scene->record); i++)
        count_fork(scene, &all, i);
    if (all.told != FP_NO_EVENT)
        tell_refused(scene, &all);
    free(all.of);
}

void fp_rules_forks(struct fp_scene *scene) {
    for (size_t i = 0; i < scene->life_count; i++)
        look_at_child(scene, i);
    look_for_refused(scene);
}
