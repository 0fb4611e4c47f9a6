/* Handlers of signals. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "forked.h"
#include "values.h"

/* --- unsafe-in-handler --- */

/* A call that is not async-signal-safe, made by a handler. */
struct call {
    size_t event, life;
    size_t owner; /* life in which its image began */
    size_t image; /* event; FP_NO_EVENT: not known */
    const struct fp_stack *stack;
    size_t signal; /* place of the kernel's frame for the handler: never the innermost */
};

struct calls {
    struct call *list;
    size_t count, room;
};

/* Of one handler so many are looked at. */
enum { CALLS = 32 };

static bool is_named(const struct fp_frame *frame, const char *name) {
    return frame->function && strcmp(frame->function, name) == 0;
}

/* Where the kernel interrupted the program, on the way out: its place. SIZE_MAX: nowhere. */
static size_t signal_frame(const struct fp_stack *stack) {
    for (size_t i = 1; stack && i < stack->count; i++)
        if (is_named(&stack->frames[i], FP_SIGNAL_FRAME))
            return i;
    return SIZE_MAX;
}

/* The function that was interrupted, and not what is inlined there. NULL: not known. */
static const struct fp_frame *interrupted(const struct fp_stack *stack, size_t signal) {
    for (size_t i = signal + 1; i < stack->count; i++)
        if (!stack->frames[i].is_inlined)
            return &stack->frames[i];
    return NULL;
}

/* A program that waits in one of these for its signals, or sends them to itself, was in no call
 * that the handler could disturb. */
static bool is_harmless(const struct fp_frame *frame) {
    static const char *const names[] = {
        "sigsuspend", "pause",  "ppoll", "pselect",   "epoll_pwait",     "raise",   "kill",
        "tgkill",     "select", "poll",  "nanosleep", "clock_nanosleep", "sigqueue"};
    const char *function = frame ? frame->function : NULL;
    for (size_t i = 0; function && i < sizeof names / sizeof *names; i++) {
        size_t under = strspn(function, "_");
        if (strcmp(function + under, names[i]) == 0 ||
            (strncmp(function + under, "libc_", 5) == 0 &&
             strcmp(function + under + 5, names[i]) == 0))
            return true;
    }
    return false;
}

/* The image that the call was made in; a forked child is in that of its parent. */
static void find_image(const struct fp_scene *scene, struct call *call) {
    size_t before = call->event;
    call->image = FP_NO_EVENT;
    for (size_t life = call->life; life != FP_RECORD_NONE; life = scene->lives[life].parent) {
        size_t place = 0, image;
        call->owner = life;
        while ((image = fp_scene_next(scene, life, FP_AUDIT_IMAGE, &place)) < before)
            call->image = image;
        before = scene->lives[life].forked;
        if (call->image != FP_NO_EVENT || before == FP_NO_EVENT)
            return;
    }
}

static void add(struct calls *calls, const struct call *call) {
    if (calls->count == calls->room) {
        size_t room = 2 * calls->room + 16;
        struct call *list = realloc(calls->list, room * sizeof *list);
        if (!list)
            return;
        calls->list = list;
        calls->room = room;
    }
    calls->list[calls->count++] = *call;
}

static void collect(struct fp_scene *scene, size_t life, struct calls *calls) {
    struct call call = {.life = life};
    size_t place = 0;
    while ((call.event = fp_scene_next(scene, life, FP_AUDIT_UNSAFE, &place)) != FP_NO_EVENT) {
        if (!(fp_scene_event(scene, call.event).unsafe->flags & FP_UNSAFE_IN_HANDLER))
            continue;
        call.stack = fp_scene_stack(scene, call.event);
        call.signal = signal_frame(call.stack);
        if (call.signal == SIZE_MAX || is_harmless(interrupted(call.stack, call.signal)))
            continue;
        find_image(scene, &call);
        add(calls, &call);
    }
}

/* --- one handler --- */

/* The handler itself: the last that runs for the signal. */
static const struct fp_frame *handler_of(const struct call *call) {
    return &call->stack->frames[call->signal - 1];
}

static int compare_numbers(size_t a, size_t b) {
    return (a > b) - (a < b);
}

static int compare_texts(const char *a, const char *b) {
    return strcmp(a ? a : "", b ? b : "");
}

/* Those of one module that have no name are taken for one: its frames do not tell them apart. */
static int compare_handlers(const struct call *a, const struct call *b) {
    int by = compare_numbers(a->owner, b->owner);
    if (by == 0)
        by = compare_numbers(a->image, b->image);
    if (by == 0)
        by = compare_texts(handler_of(a)->function, handler_of(b)->function);
    return by ? by : compare_texts(handler_of(a)->module, handler_of(b)->module);
}

static int by_handler(const void *one, const void *other) {
    const struct call *a = one, *b = other;
    int by = compare_handlers(a, b);
    return by ? by : compare_numbers(a->event, b->event);
}

/* Whether the first had not come back when the second was made: fopen calls malloc. */
static bool is_inside(const struct call *outer, const struct call *inner) {
    if (inner->signal <= outer->signal)
        return false;
    const struct fp_frame *frames = &inner->stack->frames[inner->signal - outer->signal];
    for (size_t i = 0; i < outer->signal; i++)
        if (frames[i].offset != outer->stack->frames[i].offset ||
            compare_texts(frames[i].module, outer->stack->frames[i].module) != 0)
            return false;
    return true;
}

/* What the handler calls: where that is exit, all that follows is exit's. */
static const char *name_of(struct fp_scene *scene, const struct call *call) {
    for (size_t i = 0; i < call->signal; i++)
        if (is_named(&call->stack->frames[i], "exit") ||
            is_named(&call->stack->frames[i], "__run_exit_handlers"))
            return "exit";
    return fp_scene_text(scene, fp_scene_event(scene, call->event).text);
}

/* What else it calls, each once, without what these call themselves. NULL: nothing. */
static const char *further(struct fp_scene *scene, const struct call *calls, size_t count) {
    const struct call *kept[CALLS];
    const char *names[CALLS], *list = NULL;
    size_t kept_count = 0;
    for (size_t i = 0; i < count && kept_count < CALLS; i++) {
        bool is_new = true, is_within = false;
        const char *name = name_of(scene, &calls[i]);
        for (size_t k = 0; k < kept_count; k++) {
            is_within |= is_inside(kept[k], &calls[i]);
            is_new &= strcmp(names[k], name) != 0;
        }
        if (is_within)
            continue;
        names[kept_count] = name;
        kept[kept_count++] = &calls[i];
        if (is_new && i > 0)
            list = list ? fp_scene_format(scene, "%s, %s", list, name) : name;
    }
    return list;
}

static const char *text_of(struct fp_scene *scene, const char *function) {
    return fp_scene_text(scene, (struct fp_record_text){function, strlen(function)});
}

/* calls: of one handler, in order of time. */
static void tell(struct fp_scene *scene, const struct call *calls, size_t count) {
    const char *handler = handler_of(calls)->function, *others = further(scene, calls, count);
    struct fp_found *found = fp_find(
        scene, "unsafe-in-handler", calls->life, "called here", calls->event,
        "%s calls %s in %s, a handler of a signal: if that comes in the middle of such a call, "
        "both wait or spoil each other's work",
        fp_scene_name(scene, calls->life), name_of(scene, calls),
        handler ? text_of(scene, handler) : "a function without a name");
    const struct fp_frame *frame = interrupted(calls->stack, calls->signal);
    if (frame && frame->function)
        fp_found_line(found, "this time it came in %s", text_of(scene, frame->function));
    if (others)
        fp_found_line(found, "the handler also calls %s", others);
}

/*
 * unsafe-in-handler: a call that is not async-signal-safe, on whose stack the kernel's frame for a
 * handler is further out; unless it is known that what was interrupted was nothing but a wait for a
 * signal, or the sending of one. What is only guessed from blocked signals is not told. Once for
 * each handler of an image, at the first such call: the others have the same cause.
 */
static void look_at_unsafe(struct fp_scene *scene) {
    struct calls calls = {0};
    for (size_t i = 0; i < scene->life_count; i++)
        collect(scene, i, &calls);
    if (calls.count)
        qsort(calls.list, calls.count, sizeof *calls.list, by_handler);
    for (size_t i = 0, end; i < calls.count; i = end) {
        end = i + 1;
        while (end < calls.count && compare_handlers(&calls.list[i], &calls.list[end]) == 0)
            end++;
        tell(scene, &calls.list[i], end - i);
    }
    free(calls.list);
}

/* --- signal-semantics --- */

enum { IMAGES = 64 };

/* Programs of which it was told. */
struct told {
    const char *images[IMAGES];
    size_t count;
};

static bool is_told(struct told *told, const char *image) {
    for (size_t i = 0; i < told->count; i++)
        if (strcmp(told->images[i], image) == 0)
            return true;
    if (told->count == IMAGES)
        return true;
    told->images[told->count++] = image;
    return false;
}

/* Whether it is code that somebody here builds: its lines are known. */
static bool has_source(struct fp_scene *scene, size_t event) {
    const struct fp_stack *stack = fp_scene_stack(scene, event);
    return stack && stack->count && stack->frames[0].line;
}

/*
 * signal-semantics: signal() sets a handler. A warning for each place if that is one which is taken
 * away when the signal comes. If it stays, as with this libc and these options of the compiler, a
 * note, once for each program that was built with debug information.
 */
static void look_at_signal(struct fp_scene *scene, size_t number, struct told *told) {
    const char *image = scene->audit.processes[number].image;
    size_t place = 0, set;
    while ((set = fp_scene_next(scene, number, FP_AUDIT_HANDLER, &place)) != FP_NO_EVENT) {
        const struct fp_audit_handler *as = fp_scene_event(scene, set).handler;
        if (as->how != FP_HANDLED_SIGNAL || as->handler <= 1 || as->result < 0)
            continue;
        bool is_reset = (as->flags & (uint32_t)SA_RESETHAND) != 0;
        if (!is_reset && (!has_source(scene, set) || is_told(told, image ? image : "")))
            continue;
        struct fp_found *found = fp_find(
            scene, "signal-semantics", number, "set here", set,
            is_reset ? "%s sets a handler for %s by signal(), which is taken away when the first "
                       "one comes: the second one has its default effect"
                     : "%s sets a handler for %s by signal(): whether it stays once the signal has "
                       "come depends on how the program is built",
            fp_scene_name(scene, number), fp_signal_name(as->signal));
        fp_found_severity(found, is_reset ? FP_WARNING : FP_NOTE);
    }
}

void fp_rules_handlers(struct fp_scene *scene) {
    struct told told = {.count = 0};
    look_at_unsafe(scene);
    for (size_t i = 0; i < scene->life_count; i++)
        look_at_signal(scene, i, &told);
}
