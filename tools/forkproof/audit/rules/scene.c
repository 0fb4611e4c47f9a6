#include "scene.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../bisect.h"
#include "../format/text.h"
#include "scene_inner.h"

enum { SHOWN = 80, FORMATTED = 2000 };

void *fp_scene_keep(struct fp_scene *scene, size_t size) {
    struct fp_piece *piece = calloc(1, sizeof *piece + size);
    if (!piece) {
        scene->inner->is_failed = true;
        return NULL;
    }
    piece->next = scene->inner->pieces;
    scene->inner->pieces = piece;
    return piece->bytes;
}

char *fp_scene_keep_text(struct fp_scene *scene, const char *text, size_t size) {
    char *kept = fp_scene_keep(scene, size + 1);
    if (kept && size)
        memcpy(kept, text, size);
    return kept;
}

uint64_t fp_scene_time(const struct fp_scene *scene, uint64_t since_boot) {
    uint64_t began = fp_record_began(scene->record);
    return since_boot > began ? since_boot - began : 0;
}

/* --- from a record to a scene --- */

/* The directory of the run, as forkproof wrote it. */
static const char *find_directory(struct fp_scene *scene) {
    for (size_t i = fp_record_event_count(scene->record); i-- > 0;) {
        struct fp_record_event event = fp_record_event(scene->record, i);
        if (event.kind == FP_AUDIT_ROOT && event.text.size)
            return fp_scene_keep_text(scene, event.text.at, event.text.size);
    }
    return NULL;
}

static int fill(struct fp_scene *scene, const struct fp_scene_options *options) {
    const char *directory = options->directory ? fp_scene_keep_text(scene, options->directory,
                                                                    strlen(options->directory))
                                               : find_directory(scene);
    scene->audit.directory = directory;
    int r = fp_scene_find_lives(scene);
    if (r == 0)
        r = fp_scene_fill_audit(scene);
    if (r == 0)
        r = fp_scene_open_stacks(scene, directory);
    return r == 0 && scene->inner->is_failed ? -ENOMEM : r;
}

int fp_scene_open(const struct fp_record *record, const struct fp_scene_options *options,
                  struct fp_scene **ret) {
    struct fp_scene *scene = calloc(1, sizeof *scene);
    struct fp_scene_inner *inner = calloc(1, sizeof *inner);
    if (!scene || !inner) {
        free(scene);
        free(inner);
        return -ENOMEM;
    }
    *scene = (struct fp_scene){.record = record,
                               .gotchas = options->gotchas,
                               .gotcha_count = options->gotcha_count,
                               .root = FP_RECORD_NONE,
                               .inner = inner};
    int r = fill(scene, options);
    if (r < 0)
        fp_scene_close(scene);
    else
        *ret = scene;
    return r;
}

void fp_scene_close(struct fp_scene *scene) {
    if (!scene)
        return;
    fp_scene_close_found(scene);
    fp_scene_close_stacks(scene);
    while (scene->inner->pieces) {
        struct fp_piece *next = scene->inner->pieces->next;
        free(scene->inner->pieces);
        scene->inner->pieces = next;
    }
    free(scene->inner->places);
    free(scene->inner->stays);
    free(scene->inner->children);
    free(scene->inner->child_begins);
    free(scene->inner);
    free(scene->audit.processes);
    free(scene->audit.findings);
    free(scene->lives);
    free(scene);
}

/* --- what rules ask --- */

struct fp_record_event fp_scene_event(const struct fp_scene *scene, size_t event) {
    return fp_record_event(scene->record, event);
}

/* When its number was free again; UINT64_MAX: not, as far as it is known. */
static uint64_t freed(const struct fp_scene *scene, const struct fp_life *life) {
    if (life->reaped != FP_NO_EVENT)
        return fp_record_event(scene->record, life->reaped).time;
    uint64_t parent_died = life->parent == FP_RECORD_NONE ? 0 : scene->lives[life->parent].died;
    if (life->died == 0 || parent_died == 0)
        return UINT64_MAX;
    return life->died > parent_died ? life->died : parent_died; // init reaps at once
}

/* Its place among the stays, and one more; 0: there is none. */
static size_t newest(const struct fp_scene *scene, pid_t pid, uint64_t time) {
    const struct fp_stay *stays = scene->inner->stays;
    size_t later = FP_BISECT(i, scene->inner->stay_count,
                             stays[i].pid < pid || (stays[i].pid == pid && stays[i].from <= time));
    return later > 0 && stays[later - 1].pid == pid ? later : 0;
}

size_t fp_scene_newest(const struct fp_scene *scene, pid_t pid, uint64_t time) {
    size_t place = newest(scene, pid, time);
    return place ? scene->inner->stays[place - 1].life : FP_RECORD_NONE;
}

size_t fp_scene_former(const struct fp_scene *scene, size_t life) {
    const struct fp_stay *stays = scene->inner->stays;
    size_t place = newest(scene, scene->lives[life].pid, scene->lives[life].born);
    while (place > 0 && stays[place - 1].life != life)
        place--;
    bool is_there = place > 1 && stays[place - 2].pid == scene->lives[life].pid;
    return is_there ? stays[place - 2].life : FP_RECORD_NONE;
}

size_t fp_scene_who(const struct fp_scene *scene, pid_t pid, uint64_t time) {
    size_t life = fp_scene_newest(scene, pid, time);
    bool is_there = life != FP_RECORD_NONE && freed(scene, &scene->lives[life]) >= time;
    return is_there ? life : FP_RECORD_NONE;
}

size_t fp_scene_children(const struct fp_scene *scene, size_t life, const size_t **ret_lives) {
    const size_t *begins = scene->inner->child_begins;
    *ret_lives = scene->inner->children + begins[life];
    return begins[life + 1] - begins[life];
}

size_t fp_scene_next(const struct fp_scene *scene, size_t life, enum fp_audit_kind kind,
                     size_t *place) {
    const struct fp_life *of = &scene->lives[life];
    while (*place < of->event_count) {
        size_t event = of->events[(*place)++];
        if (fp_record_event(scene->record, event).kind == kind)
            return event;
    }
    return FP_NO_EVENT;
}

static uint64_t register_of(const struct fp_scene *scene, size_t number, bool is_pc) {
    if (number == FP_NO_EVENT)
        return 0;
    struct fp_record_event event = fp_record_event(scene->record, number);
    size_t at = is_pc ? event.register_count - 1 : event.sp;
    return at < event.register_count && event.known >> at & 1 ? event.registers[at] : 0;
}

uint64_t fp_scene_sp(const struct fp_scene *scene, size_t event) {
    return register_of(scene, event, false);
}

uint64_t fp_scene_pc(const struct fp_scene *scene, size_t event) {
    return register_of(scene, event, true);
}

/* --- texts --- */

const char *fp_scene_text(struct fp_scene *scene, struct fp_record_text text) {
    char *plain = fp_scene_keep_text(scene, text.at, text.size), *shown = NULL;
    size_t size = 0;
    FILE *out = plain ? open_memstream(&shown, &size) : NULL;
    if (!out) {
        scene->inner->is_failed = true;
        return "?";
    }
    for (size_t i = 0; i < text.size; i++) // between arguments
        if (plain[i] == '\0')
            plain[i] = ' ';
    fp_text_put(out, plain, SHOWN);
    bool is_good = fclose(out) == 0;
    const char *kept = is_good ? fp_scene_keep_text(scene, shown, size) : NULL;
    free(shown);
    return kept ? kept : "?";
}

const char *fp_scene_format_list(struct fp_scene *scene, const char *format, va_list arguments) {
    char text[FORMATTED];
    int length = vsnprintf(text, sizeof text, format, arguments);
    const char *kept = length < 0 ? NULL : fp_scene_keep_text(scene, text, strlen(text));
    return kept ? kept : "?";
}

const char *fp_scene_format(struct fp_scene *scene, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const char *text = fp_scene_format_list(scene, format, arguments);
    va_end(arguments);
    return text;
}

const char *fp_scene_name(struct fp_scene *scene, size_t life) {
    const struct fp_process *process = &scene->audit.processes[life];
    const char *path = process->script ? process->script : process->image;
    const char *base = path ? fp_path_base(path) : "process";
    const char *shown = fp_scene_text(scene, (struct fp_record_text){base, strlen(base)});
    return fp_scene_format(scene, "%s %d", shown, (int)process->pid);
}
