#include "forked.h"

#include <fnmatch.h>
#include <string.h>

#include "../bisect.h"
#include "../format.h"

bool fp_fork_is_copy(const struct fp_record_event *event) {
    if (event->kind != FP_AUDIT_FORK)
        return false;
    uint32_t how = event->fork->how;
    return how == FP_FORKED_FORK || how == FP_FORKED_CLONE || how == FP_FORKED_FORKPTY;
}

size_t fp_forked_copy(const struct fp_scene *scene, size_t life) {
    size_t forked = scene->lives[life].forked;
    if (forked == FP_NO_EVENT)
        return FP_NO_EVENT;
    struct fp_record_event event = fp_scene_event(scene, forked);
    return fp_fork_is_copy(&event) ? forked : FP_NO_EVENT;
}

size_t fp_events_after(const struct fp_life *life, size_t event) {
    return FP_BISECT(i, life->event_count, life->events[i] <= event);
}

bool fp_is_before_exec(const struct fp_life *life, size_t event) {
    return life->executed == FP_NO_EVENT || event < life->executed;
}

bool fp_is_interpreter(const struct fp_scene *scene, size_t life) {
    static const char *const names[] = {"sh",    "*bash",  "*dash",    "ash",     "*ksh*", "zsh*",
                                        "yash",  "fish",   "busybox*", "python*", "pypy*", "perl*",
                                        "ruby*", "node*",  "deno",     "lua*",    "php*",  "tclsh*",
                                        "wish*", "expect", "guile*",   "R",       "*awk",  "java",
                                        "beam*", "emacs*", "vim*",     "qemu-*"};
    const struct fp_process *process = &scene->audit.processes[life];
    const char *base = process->image ? fp_path_base(process->image) : "";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (fnmatch(names[i], base, 0) == 0)
            return true;
    return process->script != NULL;
}

static bool is_same_text(const char *a, const char *b) {
    return a && b && strcmp(a, b) == 0;
}

bool fp_is_same_program(const struct fp_scene *scene, size_t a, size_t b) {
    const struct fp_process *one = &scene->audit.processes[a], *other = &scene->audit.processes[b];
    bool is_same = is_same_text(one->image, other->image) && one->argc == other->argc;
    for (size_t i = 0; is_same && i < one->argc; i++)
        is_same = is_same_text(one->argv[i], other->argv[i]);
    return is_same;
}

bool fp_is_allocator(const char *function) {
    static const char *const names[] = {"malloc",         "calloc",         "realloc",
                                        "reallocarray",   "free",           "posix_memalign",
                                        "aligned_alloc",  "memalign",       "operator new",
                                        "operator new[]", "operator delete"};
    for (size_t i = 0; function && i < sizeof names / sizeof *names; i++)
        if (strcmp(function, names[i]) == 0)
            return true;
    return false;
}

/* --- stacks --- */

static const struct fp_stack *whole_stack(struct fp_scene *scene, size_t event) {
    const struct fp_stack *stack = fp_scene_stack(scene, event);
    return stack && stack->count && !stack->is_cut && !stack->trouble ? stack : NULL;
}

bool fp_is_same_call(struct fp_scene *scene, size_t a, size_t b) {
    uint64_t sp = fp_scene_sp(scene, a);
    if (sp == 0 || sp != fp_scene_sp(scene, b))
        return false;
    const struct fp_stack *stack = whole_stack(scene, a);
    return stack && whole_stack(scene, b) && fp_scene_same_place(scene, a, b);
}

const char *fp_caller_name(struct fp_scene *scene, size_t event) {
    const struct fp_stack *stack = fp_scene_stack(scene, event);
    const char *name = stack && stack->count ? stack->frames[0].function : NULL;
    if (!name)
        return "a function";
    return fp_scene_text(scene, (struct fp_record_text){name, strlen(name)});
}

/* A frame of the machine's: a function, after what was inlined there. */
struct group {
    const struct fp_frame *frames; /* the last is the function itself */
    size_t count;
};

/* The one that ends before that frame. */
static struct group group_before(const struct fp_stack *stack, size_t end) {
    size_t begin = end - 1;
    while (begin > 0 && stack->frames[begin - 1].is_inlined)
        begin--;
    return (struct group){&stack->frames[begin], end - begin};
}

static const char *function_of(const struct group *group) {
    return group->frames[group->count - 1].function;
}

/* Where the machine was in it: before which instruction, or in which call. */
static bool is_same_point(const struct group *a, const struct group *b) {
    return a->frames->offset == b->frames->offset &&
           is_same_text(a->frames->module, b->frames->module);
}

/* Both are in the same call of the function that the fork was made in, or inlined into. */
static enum fp_forker look_inside(const struct group *fork, const struct group *event,
                                  size_t *ret_frame) {
    const char *forker = fork->frames->function;
    for (size_t i = 0; forker && i < event->count; i++) {
        if (is_same_text(event->frames[i].function, forker)) {
            *ret_frame += i;
            return FP_FORKER_THERE;
        }
    }
    // A function that has taken the place of the forker's, as its last call, is part of it.
    bool is_inlined = fork->count > 1 && is_same_text(function_of(fork), function_of(event));
    if (is_inlined && forker)
        return FP_FORKER_GONE;
    *ret_frame += event->count - 1;
    return FP_FORKER_THERE;
}

enum fp_forker fp_forker_at(struct fp_scene *scene, size_t fork, size_t event, size_t *ret_frame) {
    const struct fp_stack *then = whole_stack(scene, fork), *now = whole_stack(scene, event);
    size_t then_left = then ? then->count : 0, now_left = now ? now->count : 0;
    while (then_left && now_left) {
        struct group there = group_before(then, then_left), here = group_before(now, now_left);
        then_left -= there.count;
        now_left -= here.count;
        *ret_frame = now_left;
        bool is_same = is_same_point(&there, &here);
        if (!is_same && !is_same_text(function_of(&there), function_of(&here)))
            return FP_FORKER_UNKNOWN;
        if (then_left == 0)
            return look_inside(&there, &here, ret_frame);
        if (!is_same)
            return FP_FORKER_GONE;
    }
    return FP_FORKER_UNKNOWN;
}
