/* Findings, each told once. */
#include <errno.h>
#include <search.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../fingerprint.h"
#include "scene_inner.h"

enum { PLACES = 4, LINES = 16 };

struct fp_found {
    struct fp_scene *scene;
    struct fp_finding finding;
    struct fp_place places[PLACES];
    const struct fp_stack *stacks[PLACES];
    const char *lines[LINES];
    struct fp_fnv key;
};

/* --- one in hand --- */

static const struct fp_gotcha *gotcha_of(const struct fp_scene *scene, const char *rule) {
    for (size_t i = 0; i < scene->gotcha_count; i++)
        if (strcmp(scene->gotchas[i].id, rule) == 0)
            return &scene->gotchas[i];
    return NULL;
}

static enum fp_severity severity_of(const struct fp_gotcha *gotcha) {
    if (!gotcha || strcmp(gotcha->severity, "error") == 0)
        return FP_ERROR;
    return strcmp(gotcha->severity, "note") == 0 ? FP_NOTE : FP_WARNING;
}

void fp_found_place(struct fp_found *found, const char *what, size_t number) {
    if (!found || number == FP_NO_EVENT || found->finding.place_count == PLACES)
        return;
    struct fp_record_event event = fp_record_event(found->scene->record, number);
    const struct fp_stack *stack = fp_scene_stack(found->scene, number);
    size_t at = found->finding.place_count++;
    found->stacks[at] = stack;
    found->places[at] = (struct fp_place){
        .what = what,
        .pid = event.pid,
        .tid = event.tid,
        .time = fp_scene_time(found->scene, event.time),
        .frames = stack ? stack->frames : NULL,
        .frame_count = stack ? stack->count : 0,
        .is_cut = stack && stack->is_cut,
    };
}

void fp_found_line(struct fp_found *found, const char *format, ...) {
    if (!found || found->finding.evidence_count == LINES)
        return;
    va_list arguments;
    va_start(arguments, format);
    const char *line = fp_scene_format_list(found->scene, format, arguments);
    va_end(arguments);
    if (line)
        found->lines[found->finding.evidence_count++] = line;
}

void fp_found_severity(struct fp_found *found, enum fp_severity severity) {
    if (found)
        found->finding.severity = severity;
}

/* --- the same again --- */

static void add_text(struct fp_fnv *hash, const char *text) {
    fp_fnv_add(hash, text ? text : "", strlen(text ? text : "") + 1);
}

static void make_key(struct fp_found *found) {
    const struct fp_process *process = &found->scene->audit.processes[found->finding.process];
    found->key = (struct fp_fnv)FP_FNV_BASIS;
    add_text(&found->key, found->finding.rule);
    add_text(&found->key, process->image);
    add_text(&found->key, process->script);
    for (size_t i = 0; i < found->finding.place_count; i++) {
        add_text(&found->key, found->places[i].what);
        const void *stack = found->stacks[i];
        fp_fnv_add(&found->key, &stack, sizeof stack);
    }
}

static int by_key(const void *one, const void *other) {
    const struct fp_found *a = one, *b = other;
    return memcmp(a->key.words, b->key.words, sizeof a->key.words);
}

static bool has_room(struct fp_scene_inner *inner) {
    if (inner->found_count < inner->found_room)
        return true;
    size_t room = 2 * inner->found_room + 16;
    struct fp_found **more = realloc(inner->found, room * sizeof(struct fp_found *));
    if (!more)
        return false;
    inner->found = more;
    inner->found_room = room;
    return true;
}

/* The one in hand becomes a finding, or another time of one that there is. */
static void put_down(struct fp_scene *scene) {
    struct fp_scene_inner *inner = scene->inner;
    struct fp_found *found = inner->open;
    inner->open = NULL;
    if (!found)
        return;
    make_key(found);
    struct fp_found **node = has_room(inner) ? tsearch(found, &inner->found_before, by_key) : NULL;
    if (node && *node == found) {
        inner->found[inner->found_count++] = found;
        return;
    }
    if (node)
        (*node)->finding.times++;
    else
        inner->is_failed = true;
    if (node && found->finding.severity > (*node)->finding.severity)
        (*node)->finding.severity = found->finding.severity;
    free(found);
}

struct fp_found *fp_find(struct fp_scene *scene, const char *rule, size_t life, const char *what,
                         size_t event, const char *message, ...) {
    put_down(scene);
    const struct fp_gotcha *gotcha = gotcha_of(scene, rule);
    struct fp_found *found = life < scene->life_count ? calloc(1, sizeof *found) : NULL;
    if (!found) {
        scene->inner->is_failed |= life < scene->life_count;
        return NULL;
    }
    found->scene = scene;
    found->finding = (struct fp_finding){.rule = rule,
                                         .title = gotcha ? gotcha->title : rule,
                                         .severity = severity_of(gotcha),
                                         .process = (int)life,
                                         .times = 1};
    va_list arguments;
    va_start(arguments, message);
    found->finding.message = fp_scene_format_list(scene, message, arguments);
    va_end(arguments);
    fp_found_place(found, what, event);
    return scene->inner->open = found;
}

static void keep(void *found) {
    (void)found; // the list has it as well
}

void fp_scene_close_found(struct fp_scene *scene) {
    struct fp_scene_inner *inner = scene->inner;
    for (size_t i = 0; i < inner->found_count; i++)
        free(inner->found[i]);
    free(inner->found);
    free(inner->open);
    tdestroy(inner->found_before, keep);
}

/* --- all of them --- */

static uint64_t time_of(const struct fp_finding *finding) {
    return finding->place_count ? finding->places[0].time : UINT64_MAX;
}

static int by_weight(const void *one, const void *other) {
    const struct fp_finding *a = one, *b = other;
    if (a->severity != b->severity)
        return a->severity > b->severity ? -1 : 1;
    if (time_of(a) != time_of(b))
        return time_of(a) < time_of(b) ? -1 : 1;
    return strcmp(a->rule, b->rule) ? strcmp(a->rule, b->rule) : a->process - b->process;
}

/* Forkproof is no process of the run. */
static int drop_ours(struct fp_scene *scene) {
    struct fp_audit *audit = &scene->audit;
    int *places = calloc(scene->life_count + 1, sizeof *places), count = 0;
    if (!places)
        return -ENOMEM;
    for (size_t i = 0; i < scene->life_count; i++)
        places[i] = scene->lives[i].is_ours ? -1 : count++;
    for (size_t i = 0; i < scene->life_count; i++) {
        struct fp_process *process = &audit->processes[i];
        process->starter = process->starter < 0 ? -1 : places[process->starter];
        if (places[i] >= 0)
            audit->processes[places[i]] = *process;
    }
    for (size_t i = 0; i < audit->finding_count; i++)
        audit->findings[i].process = places[audit->findings[i].process];
    audit->process_count = (size_t)count;
    free(places);
    return 0;
}

int fp_scene_finish(struct fp_scene *scene) {
    struct fp_scene_inner *inner = scene->inner;
    struct fp_audit *audit = &scene->audit;
    put_down(scene);
    audit->findings = calloc(inner->found_count + 1, sizeof *audit->findings);
    if (!audit->findings || inner->is_failed)
        return -ENOMEM;
    for (size_t i = 0; i < inner->found_count; i++) {
        struct fp_found *found = inner->found[i];
        found->finding.places = found->places;
        found->finding.evidence = found->lines;
        audit->findings[i] = found->finding;
    }
    audit->finding_count = inner->found_count;
    if (audit->finding_count)
        qsort(audit->findings, audit->finding_count, sizeof *audit->findings, by_weight);
    int r = drop_ours(scene);
    return r == 0 ? fp_fingerprint_all(audit) : r;
}
