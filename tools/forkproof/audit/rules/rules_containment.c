/* What was left at the end of the run. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "../bisect.h"
#include "forked.h"
#include "replay.h"
#include "values.h"

enum { CHAIN_MOST = 16, DEPTH = 256, NEAR = 1024, PIPES = 32 };

/* The end of a run: who may have been killed, and how many were left below whom. */
struct end {
    struct fp_scene *scene;
    struct kill {
        pid_t target;
        size_t event;
    } * kills; /* by target, then time */
    size_t kill_count;
    size_t *below; /* by life */
};

static bool is_deadly(const struct fp_audit_kill *kill) {
    static const int others[] = {0,       SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP,
                                 SIGTTIN, SIGTTOU, SIGURG,  SIGWINCH};
    if (kill->result != 0 || kill->target <= 0)
        return false;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (kill->signal == others[i])
            return false;
    return true;
}

static int by_target(const void *one, const void *other) {
    const struct kill *a = one, *b = other;
    if (a->target != b->target)
        return a->target < b->target ? -1 : 1;
    return (a->event > b->event) - (a->event < b->event);
}

static void find_kills(struct end *end) {
    size_t count = fp_record_event_count(end->scene->record);
    end->kills = calloc(count + 1, sizeof *end->kills);
    for (size_t i = 0; end->kills && i < count; i++) {
        struct fp_record_event event = fp_scene_event(end->scene, i);
        if (event.kind == FP_AUDIT_KILL && is_deadly(event.kill))
            end->kills[end->kill_count++] = (struct kill){event.kill->target, i};
    }
    if (end->kill_count)
        qsort(end->kills, end->kill_count, sizeof *end->kills, by_target);
}

/* Where those of a later target begin. */
static size_t kills_up_to(const struct end *end, pid_t target) {
    return FP_BISECT(i, end->kill_count, end->kills[i].target <= target);
}

/* The kill, by another process, that the life ended after. */
static size_t killed_by(const struct end *end, size_t number) {
    const struct fp_life *life = &end->scene->lives[number];
    if (life->left != FP_NO_EVENT)
        return FP_NO_EVENT;
    size_t looked = 0;
    for (size_t i = kills_up_to(end, life->pid); i-- > 0 && looked < NEAR; looked++) {
        if (end->kills[i].target != life->pid)
            break;
        struct fp_record_event event = fp_scene_event(end->scene, end->kills[i].event);
        if (event.process != number && fp_scene_who(end->scene, life->pid, event.time) == number)
            return end->kills[i].event;
    }
    return FP_NO_EVENT;
}

/* --- saying it --- */

/* It told that it exits before the program had ended, or without being asked to. */
static bool has_begun_to_end(const struct fp_scene *scene, const struct fp_life *life) {
    return life->ended != FP_NO_EVENT && (fp_scene_event(scene, life->ended).time <= scene->over ||
                                          fp_scene_event(scene, life->left).left->signal == 0);
}

/* Left and running: a zombie harms nobody any more. */
static bool is_left(const struct fp_scene *scene, size_t number) {
    size_t left = scene->lives[number].left;
    return left != FP_NO_EVENT && !has_begun_to_end(scene, &scene->lives[number]) &&
           !(fp_scene_event(scene, left).left->flags & FP_LEFT_ZOMBIE);
}

/* From the first starter that is known down to the life: "make 12 -> sh 13 -> sleep 14". Where that
 * is not the program of the run, it descends from it by ways that nobody has seen. */
static void tell_chain(struct fp_found *found, struct fp_scene *scene, size_t life) {
    size_t chain[CHAIN_MOST], count = 0;
    char text[1024] = "";
    for (; life != FP_RECORD_NONE && count < CHAIN_MOST; life = scene->lives[life].parent)
        chain[count++] = life;
    if (scene->root != FP_RECORD_NONE && chain[count - 1] != scene->root)
        snprintf(text, sizeof text, "%s -> ...", fp_scene_name(scene, scene->root));
    while (count-- > 0) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%s", used ? " -> " : "",
                 fp_scene_name(scene, chain[count]));
    }
    fp_found_line(found, "started by: %s", text);
}

static void tell_end(struct fp_found *found, struct fp_scene *scene, const struct fp_life *life) {
    struct fp_record_event event = fp_scene_event(scene, life->left);
    if (event.left->signal)
        fp_found_line(found, "forkproof ended it by %s", fp_signal_name(event.left->signal));
    else
        fp_found_severity(found, FP_NOTE); // it ended by itself, or was meant to stay
}

/* The one that started it was left as well: then that one is told. */
static bool is_left_below(const struct fp_scene *scene, size_t number) {
    size_t starter = scene->lives[number].parent;
    return starter != FP_RECORD_NONE && starter != scene->root && is_left(scene, starter);
}

static void count_below(struct end *end) {
    struct fp_scene *scene = end->scene;
    end->below = calloc(scene->life_count + 1, sizeof *end->below);
    for (size_t i = 0; end->below && i < scene->life_count; i++) {
        size_t at = i;
        for (int depth = 0; depth < DEPTH && is_left(scene, at) && is_left_below(scene, at);
             depth++)
            at = scene->lives[at].parent;
        end->below[at] += at != i;
    }
}

static void tell_places(struct fp_found *found, const struct end *end, size_t number) {
    const struct fp_life *life = &end->scene->lives[number];
    fp_found_place(found, "and executed this program", life->executed);
    tell_chain(found, end->scene, number);
    if (end->below && end->below[number])
        fp_found_line(found, "and with it were left, of those that it had started: %zu",
                      end->below[number]);
    tell_end(found, end->scene, life);
}

/* --- pipeline-partial-start --- */

/* Whether the life has used an end of the pipe. */
static bool uses_pipe(const struct fp_scene *scene, size_t life, const int ends[2]) {
    size_t place = 0, number;
    while ((number = fp_scene_next(scene, life, FP_AUDIT_DESCRIPTOR, &place)) != FP_NO_EVENT) {
        const struct fp_audit_descriptor *touched = fp_scene_event(scene, number).descriptor;
        bool is_use = touched->what == FP_TOUCHED_DUP || touched->what == FP_TOUCHED_CLOSE;
        if (!fp_is_before_exec(&scene->lives[life], number))
            return false;
        if (is_use && touched->result == 0 && (touched->fd == ends[0] || touched->fd == ends[1]))
            return true;
    }
    return false;
}

/* Of the life's children, one forked between two events, that uses the pipe and could not execute:
 * its last attempt. */
static size_t failed_child(const struct fp_scene *scene, size_t parent, uint64_t from, uint64_t to,
                           const int ends[2]) {
    const size_t *children;
    size_t count = fp_scene_children(scene, parent, &children);
    for (size_t i = 0; i < count; i++) {
        const struct fp_life *life = &scene->lives[children[i]];
        size_t place = 0, number, failed = FP_NO_EVENT;
        if (life->born < from || life->born > to || life->executed != FP_NO_EVENT)
            continue;
        while ((number = fp_scene_next(scene, children[i], FP_AUDIT_EXEC, &place)) != FP_NO_EVENT)
            failed = fp_scene_event(scene, number).exec->result < 0 ? number : failed;
        if (failed != FP_NO_EVENT && uses_pipe(scene, children[i], ends))
            return failed;
    }
    return FP_NO_EVENT;
}

/* A pipe of a process, from where it is made until both ends are closed there. */
struct pipe {
    int ends[2];
    bool is_closed[2];
    size_t made, closed;
    size_t spawn; /* that failed while it was open; FP_NO_EVENT */
};

static struct pipe follow_pipe(const struct fp_scene *scene, const struct fp_life *life,
                               size_t place) {
    size_t made = life->events[place];
    const struct fp_audit_descriptor *at = fp_scene_event(scene, made).descriptor;
    struct pipe pipe = {
        .ends = {at->fd, at->other}, .made = made, .closed = FP_NO_EVENT, .spawn = FP_NO_EVENT};
    size_t last = place + NEAR < life->event_count ? place + NEAR : life->event_count;
    for (size_t i = place + 1; i < last; i++) {
        struct fp_record_event event = fp_scene_event(scene, life->events[i]);
        if (event.kind == FP_AUDIT_FORK && event.fork->child < 0)
            pipe.spawn = life->events[i];
        if (event.kind != FP_AUDIT_DESCRIPTOR)
            continue;
        for (int end = 0; end < 2; end++)
            pipe.is_closed[end] |= fp_touch_closes(event.descriptor, pipe.ends[end]);
        if (pipe.is_closed[0] && pipe.is_closed[1]) {
            pipe.closed = life->events[i];
            break;
        }
    }
    return pipe;
}

/* Where the other half of a pipeline that the life belongs to could not be started. */
static size_t failed_half(struct fp_scene *scene, size_t number) {
    const struct fp_life *life = &scene->lives[number];
    if (life->parent == FP_RECORD_NONE || life->forked == FP_NO_EVENT)
        return FP_NO_EVENT;
    const struct fp_life *parent = &scene->lives[life->parent];
    size_t before = fp_events_after(parent, life->forked);
    for (size_t i = before, looked = 0, pipes = 0; i-- > 0 && looked < NEAR && pipes < PIPES;
         looked++) {
        struct fp_record_event event = fp_scene_event(scene, parent->events[i]);
        if (event.kind != FP_AUDIT_DESCRIPTOR || event.descriptor->what != FP_TOUCHED_PIPE ||
            event.descriptor->result != 0)
            continue;
        pipes++;
        struct pipe pipe = follow_pipe(scene, parent, i);
        if (pipe.closed < life->forked || !uses_pipe(scene, number, pipe.ends))
            continue;
        uint64_t end =
            pipe.closed == FP_NO_EVENT ? UINT64_MAX : fp_scene_event(scene, pipe.closed).time;
        size_t failed = pipe.spawn != FP_NO_EVENT
                            ? pipe.spawn
                            : failed_child(scene, life->parent, event.time, end, pipe.ends);
        if (failed != FP_NO_EVENT)
            return failed;
    }
    return FP_NO_EVENT;
}

/*
 * pipeline-partial-start: its parent made a pipe, of which the one that was left uses an end; while
 * the parent had that pipe, it failed to start a process, or another of its children that uses the
 * pipe failed to execute a program.
 */
static bool is_half(const struct end *end, size_t number) {
    struct fp_scene *scene = end->scene;
    size_t failed = failed_half(scene, number);
    if (failed == FP_NO_EVENT)
        return false;
    struct fp_record_event event = fp_scene_event(scene, failed);
    int error = event.kind == FP_AUDIT_EXEC ? event.exec->result : event.fork->child;
    struct fp_found *found = fp_find(
        scene, "pipeline-partial-start", number, "started here", scene->lives[number].forked,
        "%s was left of a pipeline whose other half could not be started (%s)",
        fp_scene_name(scene, number), strerror(-error));
    fp_found_place(found, "the other half failed here", failed);
    tell_places(found, end, number);
    return true;
}

/* --- watch-restart-leak --- */

static bool is_same_text(const char *a, const char *b) {
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* By the same line of the same function, whoever called that. */
static bool is_same_line(struct fp_scene *scene, size_t a, size_t b) {
    const struct fp_stack *one = fp_scene_stack(scene, a), *other = fp_scene_stack(scene, b);
    if (!one || !other || !one->count || !other->count)
        return false;
    const struct fp_frame *x = one->frames, *y = other->frames;
    if (!is_same_text(x->module, y->module))
        return false;
    return x->line ? x->line == y->line && is_same_text(x->file, y->file) : x->offset == y->offset;
}

/* A process of the same program and arguments that was started in its place once it was killed. */
static size_t successor(struct fp_scene *scene, size_t number, size_t kill) {
    const struct fp_life *life = &scene->lives[number];
    const size_t *children;
    if (life->parent == FP_RECORD_NONE || life->forked == FP_NO_EVENT)
        return FP_RECORD_NONE;
    size_t count = fp_scene_children(scene, life->parent, &children);
    for (size_t i = 0; i < count; i++) {
        const struct fp_life *newer = &scene->lives[children[i]];
        if (newer->forked != FP_NO_EVENT && newer->forked > kill &&
            fp_is_same_program(scene, number, children[i]) &&
            is_same_line(scene, life->forked, newer->forked))
            return children[i];
    }
    return FP_RECORD_NONE;
}

/*
 * watch-restart-leak: an ancestor of the one that was left was killed by another process of the
 * run, and after that the ancestor's parent started the same program with the same arguments by the
 * same call.
 */
static bool is_old_version(const struct end *end, size_t number) {
    struct fp_scene *scene = end->scene;
    size_t ancestor = scene->lives[number].parent;
    for (int i = 0; i < CHAIN_MOST && ancestor != FP_RECORD_NONE && ancestor != scene->root; i++) {
        size_t kill = killed_by(end, ancestor);
        size_t newer = kill == FP_NO_EVENT ? FP_RECORD_NONE : successor(scene, ancestor, kill);
        if (newer != FP_RECORD_NONE) {
            struct fp_found *found = fp_find(
                scene, "watch-restart-leak", number, "started here", scene->lives[number].forked,
                "%s lived on when %s, which it descends from, was killed, and %s was started in "
                "that one's place",
                fp_scene_name(scene, number), fp_scene_name(scene, ancestor),
                fp_scene_name(scene, newer));
            fp_found_place(found, "killed here", kill);
            fp_found_place(found, "and started again here", scene->lives[newer].forked);
            tell_places(found, end, number);
            return true;
        }
        ancestor = scene->lives[ancestor].parent;
    }
    return false;
}

/* --- grandchild-survives-kill --- */

/* grandchild-survives-kill: the process that started the one that was left was killed, by its pid,
 * by another process of the run. */
static bool is_survivor(const struct end *end, size_t number) {
    struct fp_scene *scene = end->scene;
    size_t starter = scene->lives[number].parent;
    size_t kill =
        starter == FP_RECORD_NONE || starter == scene->root ? FP_NO_EVENT : killed_by(end, starter);
    if (kill == FP_NO_EVENT)
        return false;
    struct fp_record_event event = fp_scene_event(scene, kill);
    struct fp_found *found = fp_find(
        scene, "grandchild-survives-kill", number, "started here", scene->lives[number].forked,
        "%s outlived %s, which started it and which %s killed, and was left at the end",
        fp_scene_name(scene, number), fp_scene_name(scene, starter),
        fp_scene_name(scene, event.process));
    fp_found_place(found, "its starter was killed here", kill);
    tell_places(found, end, number);
    return true;
}

/* --- daemonize-leak --- */

/* daemonize-leak: any other process that was running when the run had ended. */
static void tell_leak(const struct end *end, size_t number) {
    struct fp_scene *scene = end->scene;
    const struct fp_life *life = &scene->lives[number];
    const char *how = life->is_daemon ? ": it was detached by daemon()"
                      : life->parent != FP_RECORD_NONE && life->parent != scene->root &&
                              scene->lives[life->parent].left == FP_NO_EVENT
                          ? ": the process that started it had ended before"
                          : "";
    struct fp_found *found = fp_find(scene, "daemonize-leak", number, "started here", life->forked,
                                     "%s was still running when the program had ended%s",
                                     fp_scene_name(scene, number), how);
    tell_places(found, end, number);
}

/* Each that was left and runs is told once, by the rule that says most, or with its starter. */
static void look_at_left(const struct end *end, size_t number) {
    struct fp_scene *scene = end->scene;
    if (scene->lives[number].is_ours || number == scene->root || !is_left(scene, number) ||
        is_left_below(scene, number))
        return;
    if (!is_half(end, number) && !is_old_version(end, number) && !is_survivor(end, number))
        tell_leak(end, number);
}

void fp_rules_containment(struct fp_scene *scene) {
    struct end end = {.scene = scene};
    find_kills(&end);
    count_below(&end);
    for (size_t i = 0; i < scene->life_count; i++)
        look_at_left(&end, i);
    free(end.kills);
    free(end.below);
    fp_rules_forks(scene);
}
