/* What each process ran, and what else the audit says of the run. */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "../format.h"
#include "scene_inner.h"

/* --- arguments --- */

static const char *const *split(struct fp_scene *scene, struct fp_record_text text,
                                size_t *ret_count) {
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += text.at[i] == '\0' || i + 1 == text.size;
    const char **list = fp_scene_keep(scene, (count + 1) * sizeof *list);
    char *bytes = fp_scene_keep_text(scene, text.at, text.size);
    *ret_count = 0;
    for (size_t at = 0; list && bytes && at < text.size; at += strlen(bytes + at) + 1)
        list[(*ret_count)++] = bytes + at;
    return list;
}

/* --- scripts --- */

/* Interpreters; options that say that no file is run, and those that take the next argument. */
static const struct interpreter {
    const char *name, *without, *with_value;
} interpreters[] = {
    {"sh", "cs", "oO"},      {"bash", "cs", "oO"},  {"rbash", "cs", "oO"}, {"dash", "cs", "oO"},
    {"ash", "cs", "oO"},     {"ksh*", "cs", "oO"},  {"mksh", "cs", "oO"},  {"zsh", "cs", "oO"},
    {"python*", "cm", "WX"}, {"pypy*", "cm", "WX"}, {"perl*", "eE", "I"},  {"ruby*", "e", "rI"},
    {"node*", "ep", "r"},    {"tclsh*", "", ""},    {"lua*", "e", "l"},    {"php*", "rBRE", "dc"},
    {"Rscript", "e", ""},    {"awk", "e", "Fvi"},   {"busybox", "*", ""},
};

static const struct interpreter *interpreter_of(const char *image) {
    const char *base = fp_path_base(image);
    for (size_t i = 0; i < sizeof interpreters / sizeof *interpreters; i++)
        if (fnmatch(interpreters[i].name, base, 0) == 0)
            return &interpreters[i];
    return NULL;
}

/* A word of an option such as -ec: whether one of its letters is among these. */
static bool has_letter(const char *option, const char *letters) {
    return option[1] != '-' && strpbrk(option + 1, letters);
}

static bool takes_next(const char *option, const char *letters) {
    size_t length = strlen(option);
    return option[1] != '-' && strchr(letters, option[length - 1]);
}

static bool looks_like_file(const char *text) {
    return *text && strlen(text) < 4096 && !strpbrk(text, "\n\t;|&<>");
}

static const char *find_script(const char *image, const char *const *argv, size_t argc) {
    const struct interpreter *of = image ? interpreter_of(image) : NULL;
    if (!of || *of->without == '*')
        return NULL;
    for (size_t i = 1; i < argc; i++) {
        const char *argument = argv[i];
        if (strcmp(argument, "--") == 0)
            return i + 1 < argc && looks_like_file(argv[i + 1]) ? argv[i + 1] : NULL;
        if (argument[0] != '-' && argument[0] != '+')
            return looks_like_file(argument) ? argument : NULL;
        if (argument[1] == '\0' || has_letter(argument, of->without))
            return NULL;
        i += takes_next(argument, of->with_value);
    }
    return NULL;
}

/* --- programs --- */

/* What is known of images while the programs are set. */
struct images {
    size_t *at;                      /* by event: what its process had become by then */
    const struct fp_process **known; /* by the event of the image */
};

static void inherit(struct fp_process *process, const struct fp_process *from) {
    process->argv = from->argv;
    process->argc = from->argc;
    process->image = from->image;
    process->script = from->script;
}

static void set_image(struct fp_scene *scene, const struct images *images,
                      struct fp_process *process, size_t number) {
    struct fp_record_event event = fp_record_event(scene->record, number);
    if (!images->known[number]) {
        struct fp_process *made = fp_scene_keep(scene, sizeof *made);
        if (!made)
            return;
        made->argv = split(scene, event.text, &made->argc);
        made->image =
            event.exe.size ? fp_scene_keep_text(scene, event.exe.at, event.exe.size) : NULL;
        made->script = find_script(made->image, made->argv, made->argc);
        images->known[number] = made;
    }
    inherit(process, images->known[number]);
}

static int list_images(const struct fp_scene *scene, struct images *images) {
    size_t count = fp_record_event_count(scene->record);
    size_t *newest = calloc(fp_record_process_count(scene->record) + 1, sizeof *newest);
    images->at = calloc(count + 1, sizeof *images->at);
    images->known = calloc(count + 1, sizeof(void *));
    for (size_t i = 0; newest && images->at && i < count; i++) {
        struct fp_record_event event = fp_record_event(scene->record, i);
        if (event.kind == FP_AUDIT_IMAGE)
            newest[event.process] = i + 1;
        images->at[i] = newest[event.process] ? newest[event.process] - 1 : FP_NO_EVENT;
    }
    free(newest);
    return newest && images->at && images->known ? 0 : -ENOMEM;
}

/* As a fork leaves it: what its parent was then. */
static void set_as_forked(struct fp_scene *scene, const struct images *images,
                          struct fp_process *process, const struct fp_life *life) {
    if (life->parent == FP_RECORD_NONE)
        return;
    const struct fp_life *parent = &scene->lives[life->parent];
    size_t newest = parent->process ? parent->process->image : FP_RECORD_NONE;
    size_t at = life->forked != FP_NO_EVENT && newest != FP_RECORD_NONE && newest > life->forked
                    ? images->at[life->forked]
                    : newest;
    if (at == newest || at == FP_NO_EVENT)
        inherit(process, &scene->audit.processes[life->parent]);
    else
        set_image(scene, images, process, at);
}

static bool is_made_by_libc(const struct fp_scene *scene, const struct fp_life *life) {
    if (life->forked == FP_NO_EVENT)
        return true; // nothing is known of it
    uint32_t how = fp_record_event(scene->record, life->forked).fork->how;
    return how == FP_FORKED_SPAWN || how == FP_FORKED_SYSTEM || how == FP_FORKED_POPEN ||
           how == FP_FORKED_WORDEXP;
}

/* Its last exec that nothing contradicts and no image follows; FP_NO_EVENT: there is none. */
static size_t unhooked_exec(const struct fp_scene *scene, const struct fp_life *life) {
    for (size_t i = life->event_count; life->executed != FP_NO_EVENT && i-- > 0;) {
        struct fp_record_event event = fp_record_event(scene->record, life->events[i]);
        if (event.kind == FP_AUDIT_IMAGE || (event.kind == FP_AUDIT_EXEC && event.exec->result))
            return FP_NO_EVENT;
        if (event.kind == FP_AUDIT_EXEC)
            return i + 1 == life->event_count ||
                           fp_record_event(scene->record, life->events[i + 1]).tid != event.tid
                       ? life->events[i]
                       : FP_NO_EVENT;
    }
    return FP_NO_EVENT;
}

static void set_unhooked(struct fp_scene *scene, struct fp_process *process, size_t exec) {
    struct fp_record_event event = fp_record_event(scene->record, exec);
    process->image = fp_scene_keep_text(scene, event.text.at, event.text.size);
    const char **argv = fp_scene_keep(scene, 2 * sizeof *argv);
    if (argv)
        argv[0] = process->image;
    process->argv = argv;
    process->argc = argv ? 1 : 0;
    process->script = NULL;
    process->has_hooks = false;
}

static void name_left(struct fp_scene *scene, struct fp_process *process, size_t left) {
    struct fp_record_event event = fp_record_event(scene->record, left);
    process->image = fp_scene_keep_text(scene, event.text.at, event.text.size);
}

static void set_program(struct fp_scene *scene, const struct images *images, size_t number) {
    const struct fp_life *life = &scene->lives[number];
    struct fp_process *process = &scene->audit.processes[number];
    size_t image = life->process ? life->process->image : FP_RECORD_NONE;
    process->has_hooks = life->process || !is_made_by_libc(scene, life);
    if (image != FP_RECORD_NONE)
        set_image(scene, images, process, image);
    else if (process->has_hooks)
        set_as_forked(scene, images, process, life);
    size_t exec = unhooked_exec(scene, life);
    if (exec != FP_NO_EVENT)
        set_unhooked(scene, process, exec);
    if (!process->image && life->left != FP_NO_EVENT)
        name_left(scene, process, life->left);
}

/* --- the run --- */

static pid_t parent_pid(const struct fp_scene *scene, const struct fp_life *life) {
    if (life->parent != FP_RECORD_NONE)
        return scene->lives[life->parent].pid;
    return life->process ? life->process->parent : 0;
}

static void begin_process(struct fp_scene *scene, size_t number) {
    const struct fp_life *life = &scene->lives[number];
    scene->audit.processes[number] = (struct fp_process){
        .pid = life->pid,
        .parent = parent_pid(scene, life),
        .born = fp_scene_time(scene, life->born),
        .ended = life->died ? fp_scene_time(scene, life->died) : 0,
        .status = life->status,
        .starter = life->parent != FP_RECORD_NONE ? (int)life->parent : -1,
    };
}

/* Parents first: what was forked has what they have. */
static void set_programs(struct fp_scene *scene, const struct images *images, bool *is_set,
                         size_t *path) {
    for (size_t i = 0; i < scene->life_count; i++) {
        size_t depth = 0;
        for (size_t at = i; at != FP_RECORD_NONE && !is_set[at]; at = scene->lives[at].parent)
            path[depth++] = at;
        while (depth-- > 0) {
            set_program(scene, images, path[depth]);
            is_set[path[depth]] = true;
        }
    }
}

static void set_run(struct fp_scene *scene) {
    struct fp_audit *audit = &scene->audit;
    const struct fp_record_losses *losses = fp_record_losses(scene->record);
    size_t events = fp_record_event_count(scene->record);
    uint64_t last = events ? fp_record_event(scene->record, events - 1).time : 0;
    audit->status = -1;
    if (scene->root != FP_RECORD_NONE) {
        const struct fp_process *root = &audit->processes[scene->root];
        audit->argv = root->argv;
        audit->argc = root->argc;
        audit->status = root->status;
    }
    audit->began = fp_record_began_epoch(scene->record);
    audit->length = fp_scene_time(scene, last > scene->over ? last : scene->over);
    audit->lost_events = losses->full + losses->torn + losses->damaged;
    for (size_t i = 0; i < audit->process_count; i++)
        audit->images_without_hooks += !audit->processes[i].has_hooks;
}

/* What the root was given: it may have become something else, several times. */
static void set_arguments(struct fp_scene *scene) {
    const struct fp_life *root = scene->root == FP_RECORD_NONE ? NULL : &scene->lives[scene->root];
    for (size_t i = 0; root && i < root->event_count; i++) {
        struct fp_record_event event = fp_record_event(scene->record, root->events[i]);
        if (event.kind != FP_AUDIT_IMAGE)
            continue;
        scene->audit.argv = split(scene, event.text, &scene->audit.argc);
        return;
    }
}

int fp_scene_fill_audit(struct fp_scene *scene) {
    size_t count = scene->life_count;
    struct images images = {NULL, NULL};
    scene->audit.processes = calloc(count + 1, sizeof *scene->audit.processes);
    bool *is_set = calloc(count + 1, sizeof *is_set);
    size_t *path = calloc(count + 1, sizeof *path);
    int r = scene->audit.processes && is_set && path ? list_images(scene, &images) : -ENOMEM;
    if (r == 0) {
        scene->audit.process_count = count;
        for (size_t i = 0; i < count; i++)
            begin_process(scene, i);
        set_programs(scene, &images, is_set, path);
        set_run(scene);
        set_arguments(scene);
    }
    free(images.at);
    free(images.known);
    free(is_set);
    free(path);
    return r;
}
