/* Stacks, each unwound once however often it is seen. */
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "../fingerprint.h"
#include "scene_inner.h"

/* The mappings that hold for the events of one image, newest first: the unwinder takes the first.
 */
struct fp_mapped {
    size_t first, count; /* event, and how many from there on */
    struct fp_mapping *list;
};

/* Raw, by a hash of 128 bits over all that the unwinder gets. */
struct raw {
    struct fp_fnv hash;
    const struct fp_stack *stack;
};

static const struct fp_stack none; // asked for, and there is nothing

int fp_scene_open_stacks(struct fp_scene *scene, const char *directory) {
    struct fp_unwind_options options = {.directory = directory};
    scene->inner->unwinder = fp_unwind_open(&options);
    scene->inner->stacks = calloc(fp_record_event_count(scene->record) + 1, sizeof(void *));
    return scene->inner->unwinder && scene->inner->stacks ? 0 : -ENOMEM;
}

static void keep(void *mapped) {
    (void)mapped; // the scene does
}

static void free_stack(void *stack) {
    fp_stack_free(stack);
    free(stack);
}

void fp_scene_close_stacks(struct fp_scene *scene) {
    tdestroy(scene->inner->mapped, keep);
    tdestroy(scene->inner->seen, free);
    tdestroy(scene->inner->known, free_stack);
    fp_unwind_close(scene->inner->unwinder);
    free(scene->inner->stacks);
}

/* --- mappings --- */

static struct fp_mapping mapping_of(struct fp_scene *scene, size_t number) {
    struct fp_record_event event = fp_record_event(scene->record, number);
    const struct fp_audit_mapping *as = event.mapping;
    return (struct fp_mapping){
        .start = as->start,
        .end = as->end,
        .offset = as->offset,
        .path = event.text.size ? fp_scene_keep_text(scene, event.text.at, event.text.size) : NULL,
        .build_id = as->build_id,
        .build_id_size = as->build_id_size,
    };
}

static int compare_numbers(uint64_t a, uint64_t b) {
    return (a > b) - (a < b);
}

static int by_events(const void *one, const void *other) {
    const struct fp_mapped *a = one, *b = other;
    int by = compare_numbers(a->first, b->first);
    return by ? by : compare_numbers(a->count, b->count);
}

static const struct fp_mapped *build_mappings(struct fp_scene *scene, const size_t *events,
                                              size_t count) {
    struct fp_mapped key = {events[0], count, NULL};
    struct fp_mapped **node = tfind(&key, &scene->inner->mapped, by_events);
    if (node)
        return *node;
    struct fp_mapped *made = fp_scene_keep(scene, sizeof *made);
    struct fp_mapping *list = fp_scene_keep(scene, (count + 1) * sizeof *list);
    if (!made || !list)
        return NULL;
    for (size_t i = 0; i < count; i++)
        list[i] = mapping_of(scene, events[count - 1 - i]);
    *made = (struct fp_mapped){events[0], count, list};
    if (!tsearch(made, &scene->inner->mapped, by_events))
        scene->inner->is_failed = true;
    return made;
}

/* Those that were written before the event; if none was, all. */
static const struct fp_mapped *mappings_for(struct fp_scene *scene, size_t event) {
    size_t all = fp_record_mappings(scene->record, event, NULL, 0), before = 0;
    size_t *events = calloc(all + 1, sizeof *events);
    if (!events || all == 0) {
        free(events);
        return NULL;
    }
    fp_record_mappings(scene->record, event, events, all);
    while (before < all && events[before] < event)
        before++;
    const struct fp_mapped *made = build_mappings(scene, events, before ? before : all);
    free(events);
    return made;
}

/* --- equal stacks --- */

static int by_hash(const void *one, const void *other) {
    return memcmp(((const struct raw *)one)->hash.words, ((const struct raw *)other)->hash.words,
                  sizeof((const struct raw *)one)->hash.words);
}

static int compare_texts(const char *a, const char *b) {
    return a && b ? strcmp(a, b) : (a != NULL) - (b != NULL);
}

static int compare_frames(const struct fp_frame *a, const struct fp_frame *b) {
    int by = compare_numbers(a->line, b->line);
    if (by == 0)
        by = compare_numbers(a->column, b->column);
    if (by == 0)
        by = compare_numbers(a->offset, b->offset);
    if (by == 0)
        by = compare_numbers(a->is_inlined, b->is_inlined);
    if (by == 0)
        by = compare_texts(a->function, b->function);
    if (by == 0)
        by = compare_texts(a->file, b->file);
    return by ? by : compare_texts(a->module, b->module);
}

static int by_frames(const void *one, const void *other) {
    const struct fp_stack *a = one, *b = other;
    int by = compare_numbers(a->count, b->count);
    if (by == 0)
        by = compare_numbers(a->is_cut, b->is_cut);
    for (size_t i = 0; by == 0 && i < a->count; i++)
        by = compare_frames(&a->frames[i], &b->frames[i]);
    return by;
}

/* The one that is kept of all that are equal; takes the frames. */
static const struct fp_stack *known(struct fp_scene *scene, struct fp_stack *stack) {
    struct fp_stack *kept = malloc(sizeof *kept);
    if (kept)
        *kept = *stack;
    struct fp_stack **node = kept ? tsearch(kept, &scene->inner->known, by_frames) : NULL;
    if (node && *node == kept)
        return kept;
    fp_stack_free(stack);
    free(kept);
    if (!node)
        scene->inner->is_failed = true;
    return node ? *node : NULL;
}

/* --- unwinding --- */

static const struct fp_stack *unwind(struct fp_scene *scene, const struct fp_record_event *event,
                                     const struct fp_mapped *mapped) {
    size_t last = event->register_count - 1;
    struct fp_registers registers = {.machine = event->machine};
    struct fp_stack stack;
    if (last > sizeof registers.value / sizeof *registers.value || !(event->known >> last & 1))
        return NULL;
    memcpy(registers.value, event->registers, last * sizeof *registers.value);
    registers.pc = event->registers[last];
    struct fp_slice slice = {registers.value[event->sp], event->stack, event->stack_size};
    int r =
        fp_unwind(scene->inner->unwinder, &registers, &slice, mapped->list, mapped->count, &stack);
    if (r == -ENOMEM)
        scene->inner->is_failed = true;
    return r == 0 ? known(scene, &stack) : NULL;
}

static struct fp_fnv hash_of(const struct fp_record_event *event, const struct fp_mapped *mapped) {
    struct fp_fnv hash = FP_FNV_BASIS;
    fp_fnv_add(&hash, &mapped->first, sizeof mapped->first);
    fp_fnv_add(&hash, &mapped->count, sizeof mapped->count);
    fp_fnv_add(&hash, &event->known, sizeof event->known);
    fp_fnv_add(&hash, event->registers, event->register_count * sizeof *event->registers);
    fp_fnv_add(&hash, event->stack, event->stack_size);
    return hash;
}

static const struct fp_stack *look_up(struct fp_scene *scene, size_t number) {
    struct fp_record_event event = fp_record_event(scene->record, number);
    const struct fp_mapped *mapped = event.machine ? mappings_for(scene, number) : NULL;
    struct raw *raw = mapped ? calloc(1, sizeof *raw) : NULL;
    if (!raw)
        return NULL;
    raw->hash = hash_of(&event, mapped);
    struct raw **node = tsearch(raw, &scene->inner->seen, by_hash);
    if (!node || *node != raw)
        free(raw);
    else
        raw->stack = unwind(scene, &event, mapped);
    return node ? (*node)->stack : NULL;
}

const struct fp_stack *fp_scene_stack(struct fp_scene *scene, size_t event) {
    if (event >= fp_record_event_count(scene->record))
        return NULL;
    const struct fp_stack **kept = &scene->inner->stacks[event];
    if (!*kept)
        *kept = look_up(scene, event);
    if (!*kept)
        *kept = &none;
    return (*kept)->count ? *kept : NULL;
}

bool fp_scene_in_handler(struct fp_scene *scene, size_t event) {
    const struct fp_stack *stack = fp_scene_stack(scene, event);
    for (size_t i = 0; stack && i < stack->count; i++)
        if (compare_texts(stack->frames[i].function, FP_SIGNAL_FRAME) == 0)
            return true;
    return false;
}

bool fp_scene_same_place(struct fp_scene *scene, size_t a, size_t b) {
    const struct fp_stack *one = fp_scene_stack(scene, a), *other = fp_scene_stack(scene, b);
    if (!one || !other)
        return false;
    if (one == other)
        return true;
    bool is_cut = one->is_cut || other->is_cut;
    size_t count = one->count < other->count ? one->count : other->count;
    if (!is_cut)
        return false; // equal ones are kept once
    for (size_t i = 0; i < count; i++)
        if (compare_frames(&one->frames[i], &other->frames[i]))
            return false;
    return true;
}
