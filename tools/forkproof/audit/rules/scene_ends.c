/* What each did and how it ended, by itself, by its parent's word and by forkproof's. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "scene_inner.h"

#define TICK 10000000 /* nanoseconds: the clock tick of fp_audit_left */

/* --- what each did --- */

static int list_events(struct fp_scene *scene) {
    size_t count = fp_record_event_count(scene->record);
    size_t *next = scene->inner->places = calloc(count + 1, sizeof *next);
    if (!next)
        return -ENOMEM;
    for (size_t i = 0; i < scene->life_count && scene->lives[i].process; i++) {
        scene->lives[i].events = next;
        next += scene->lives[i].process->events;
        scene->lives[i].is_ours = true;
    }
    for (size_t i = 0; i < count; i++) {
        struct fp_record_event event = fp_record_event(scene->record, i);
        struct fp_life *life = &scene->lives[event.process];
        life->events[life->event_count++] = i;
        if (event.kind == FP_AUDIT_EXIT)
            life->ended = i;
        life->is_ours &= event.kind == FP_AUDIT_LEFT || event.kind == FP_AUDIT_ROOT ||
                         event.kind == FP_AUDIT_STALL;
    }
    return 0;
}

/* The next thing that its thread did was to begin as another image, or nothing. */
static bool succeeded(const struct fp_scene *scene, const struct fp_life *life, size_t place) {
    pid_t tid = fp_record_event(scene->record, life->events[place]).tid;
    while (++place < life->event_count) {
        struct fp_record_event event = fp_record_event(scene->record, life->events[place]);
        if (event.kind == FP_AUDIT_IMAGE)
            return true;
        if (event.tid == tid)
            return false;
    }
    return true;
}

static void find_exec(const struct fp_scene *scene, struct fp_life *life) {
    for (size_t i = 0; i < life->event_count && life->executed == FP_NO_EVENT; i++) {
        struct fp_record_event event = fp_record_event(scene->record, life->events[i]);
        if (event.kind == FP_AUDIT_EXEC && event.exec->result == 0 && succeeded(scene, life, i))
            life->executed = life->events[i];
    }
}

/* --- ends --- */

static int status_of(const struct fp_audit_exit *exit) {
    if (exit->how == FP_ENDED_ABORT)
        return SIGABRT;
    return exit->how == FP_ENDED_SIGNAL ? exit->status & 0x7f : (exit->status & 0xff) << 8;
}

/* A wait that found it dead: by then it was. */
static void end_by(const struct fp_scene *scene, struct fp_life *life, size_t wait) {
    if (wait == FP_NO_EVENT)
        return;
    struct fp_record_event event = fp_record_event(scene->record, wait);
    if (life->died == 0 || life->died > event.time)
        life->died = event.time;
    if (event.wait->flags & FP_WAIT_HAS_STATUS)
        life->status = event.wait->status;
}

static void find_end(const struct fp_scene *scene, struct fp_life *life) {
    if (life->ended != FP_NO_EVENT) {
        life->died = life->process->last; // its handlers for exit may write as well
        life->status = status_of(fp_record_event(scene->record, life->ended).exit);
    }
    end_by(scene, life, life->seen);
    end_by(scene, life, life->reaped);
}

/* --- who had which pid when --- */

static int by_stay(const void *one, const void *other) {
    const struct fp_stay *a = one, *b = other;
    if (a->pid != b->pid)
        return a->pid < b->pid ? -1 : 1;
    return a->from != b->from ? (a->from < b->from ? -1 : 1)
                              : (a->life > b->life) - (a->life < b->life);
}

static void sort_stays(struct fp_scene *scene) {
    for (size_t i = 0; i < scene->life_count; i++)
        scene->inner->stays[i] = (struct fp_stay){scene->lives[i].pid, i, scene->lives[i].born};
    scene->inner->stay_count = scene->life_count;
    if (scene->life_count)
        qsort(scene->inner->stays, scene->life_count, sizeof *scene->inner->stays, by_stay);
}

/* --- what forkproof and libc tell --- */

/* It may have told that it ends, and not have ended yet; it may have ended since, and have been
 * waited for by another that was left. One that has its number now began later than it ended. */
static bool is_left(const struct fp_life *life, const struct fp_audit_left *left) {
    uint64_t start = life->process ? life->process->start : 0;
    if (life->left != FP_NO_EVENT)
        return false;
    if (!left->start)
        return life->reaped == FP_NO_EVENT;
    return start ? start == left->start : !life->died || left->start <= life->died / TICK;
}

/* Forkproof's own words on the others. */
static void see_left(struct fp_scene *scene, size_t number) {
    struct fp_record_event event = fp_record_event(scene->record, number);
    size_t life = fp_scene_newest(scene, event.left->pid, event.time);
    if (life == FP_RECORD_NONE || !is_left(&scene->lives[life], event.left))
        life = fp_scene_add_silent(scene, event.left->pid, event.time);
    scene->lives[life].left = number;
    if (event.left->flags & FP_LEFT_ZOMBIE && scene->lives[life].died == 0)
        scene->lives[life].died = event.time;
}

/* The first of its number: it is older than whoever may have had it later. */
static void see_root(struct fp_scene *scene, const struct fp_record_event *event) {
    size_t i = 0;
    while (i < scene->life_count &&
           (scene->lives[i].pid != event->root->pid || scene->lives[i].is_ours))
        i++;
    if (i == scene->life_count)
        i = fp_scene_add_silent(scene, event->root->pid, fp_record_began(scene->record));
    scene->root = i;
    scene->over = event->root->ended;
    scene->lives[i].died = event->root->ended;
    if (event->root->status >= 0)
        scene->lives[i].status = event->root->status;
}

/* How a child ended that was waited for where nobody sees it, in system or pclose. */
static void see_discard(struct fp_scene *scene, const struct fp_record_event *event) {
    size_t life = fp_scene_who(scene, event->discard->child, event->time);
    if (life == FP_RECORD_NONE || life == event->process)
        return;
    scene->lives[life].status = event->discard->status;
    if (scene->lives[life].died == 0)
        scene->lives[life].died = event->time;
}

static void see_rest(struct fp_scene *scene) {
    size_t root = FP_NO_EVENT;
    for (size_t i = 0; i < fp_record_event_count(scene->record); i++) {
        struct fp_record_event event = fp_record_event(scene->record, i);
        if (event.kind == FP_AUDIT_LEFT)
            see_left(scene, i);
        else if (event.kind == FP_AUDIT_DISCARD)
            see_discard(scene, &event);
        else if (event.kind == FP_AUDIT_ROOT)
            root = i;
        scene->over = event.time;
    }
    for (size_t i = 0; i < scene->life_count && scene->root == FP_RECORD_NONE; i++)
        if (!scene->lives[i].is_ours)
            scene->root = i;
    if (root != FP_NO_EVENT) {
        struct fp_record_event event = fp_record_event(scene->record, root);
        see_root(scene, &event);
    }
}

/* --- all --- */

int fp_scene_find_ends(struct fp_scene *scene) {
    int r = list_events(scene);
    if (r < 0)
        return r;
    for (size_t i = 0; i < scene->life_count; i++) {
        find_exec(scene, &scene->lives[i]);
        find_end(scene, &scene->lives[i]);
    }
    // Each event of forkproof's may tell of one more.
    scene->inner->stays = calloc(scene->life_count + fp_record_event_count(scene->record) + 1,
                                 sizeof *scene->inner->stays);
    if (!scene->inner->stays)
        return -ENOMEM;
    sort_stays(scene);
    see_rest(scene);
    sort_stays(scene);
    return 0;
}
