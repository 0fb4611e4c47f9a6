/* Where a result is: files, lines, stacks. A code-scanning service drops a result without a file.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "format/place.h"
#include "format/sarif.h"

static void without_memory(struct fp_sarif *s) {
    if (!s->emit.error)
        s->emit.error = -ENOMEM;
}

/* Every byte but letters, digits, - . _ ~ and / as %XX. */
static char *encoded(const char *path) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                "0123456789-._~/";
    static const char digits[] = "0123456789ABCDEF";
    char *uri = malloc(3 * strlen(path) + 1), *end = uri;
    if (!uri)
        return NULL;
    for (; *path; path++) {
        unsigned char c = (unsigned char)*path;
        if (strchr(plain, *path)) {
            *end++ = *path;
        } else {
            *end++ = '%';
            *end++ = digits[c >> 4];
            *end++ = digits[c & 15];
        }
    }
    *end = '\0';
    return uri;
}

static bool climbs(const char *path) {
    return strncmp(path, "..", 2) == 0 && (path[2] == '/' || !path[2]);
}

/* As fp_path_below, but that a relative path which leaves the directory is absolute. */
static char *placed(const char *directory, const char *path) {
    char *clean = fp_path_below(directory, path), *joined = NULL;
    if (!clean || !climbs(clean) || !directory || *directory != '/')
        return clean;
    if (asprintf(&joined, "%s/%s", directory, clean) < 0)
        joined = NULL;
    free(clean);
    clean = joined ? fp_path_below(directory, joined) : NULL;
    free(joined);
    return clean;
}

static bool is_file(const char *path) {
    return path && *path && *path != '<'; /* <built-in>, <artificial> */
}

static bool is_below(const struct fp_sarif *s, const char *path) {
    char *clean = placed(s->audit->directory, path);
    bool inside = clean && *clean != '/' && !climbs(clean);
    free(clean);
    return inside;
}

void fp_sarif_artifact(struct fp_sarif *s, const char *key, const char *path) {
    struct fp_emit *e = &s->emit;
    char *clean = placed(s->audit->directory, path);
    char *uri = clean ? encoded(clean) : NULL;
    if (!uri) {
        free(clean);
        without_memory(s);
        return;
    }
    fp_emit_open(e, key, '{');
    if (*clean == '/') {
        fp_emit_format(e, "uri", "file://%s", uri);
    } else {
        fp_emit_string(e, "uri", uri);
        fp_emit_string(e, "uriBaseId", "SRCROOT");
    }
    fp_emit_close(e, '}');
    free(uri);
    free(clean);
}

void fp_sarif_base(struct fp_sarif *s) {
    struct fp_emit *e = &s->emit;
    const char *directory = s->audit->directory;
    if (!directory || *directory != '/')
        return;
    char *clean = fp_path_below(NULL, directory);
    char *uri = clean ? encoded(clean) : NULL;
    if (!uri)
        without_memory(s);
    fp_emit_open(e, "originalUriBaseIds", '{');
    fp_emit_open(e, "SRCROOT", '{');
    fp_emit_format(e, "uri", "file://%s%s", uri ? uri : "", uri && !uri[1] ? "" : "/");
    fp_emit_close(e, '}');
    fp_emit_close(e, '}');
    free(uri);
    free(clean);
}

/* "](" would make a link of what stands before it. */
void fp_sarif_message(struct fp_sarif *s, const char *key, const char *text) {
    char *safe = malloc(2 * strlen(text) + 1), *end = safe;
    if (!safe) {
        without_memory(s);
        return;
    }
    bool has_link = strstr(text, "](");
    for (; *text; text++) {
        if (has_link && (*text == '[' || *text == ']'))
            *end++ = '\\';
        *end++ = *text;
    }
    *end = '\0';
    fp_emit_open(&s->emit, key, '{');
    fp_emit_string(&s->emit, "text", safe);
    fp_emit_close(&s->emit, '}');
    free(safe);
}

/* The innermost frame with a file below the directory, or else with any file. */
static const struct fp_frame *best_frame(const struct fp_sarif *s, const struct fp_place *place,
                                         bool only_below) {
    for (size_t i = 0; place && i < place->frame_count; i++)
        if (is_file(place->frames[i].file) && (!only_below || is_below(s, place->frames[i].file)))
            return &place->frames[i];
    return NULL;
}

/* The script of the process, or of one that led to it. */
static const char *script(const struct fp_audit *audit, const struct fp_process *process,
                          bool only_own) {
    for (size_t i = 0; process && i < audit->process_count; i++) {
        if (is_file(process->script))
            return process->script;
        process = only_own ? NULL : fp_audit_process(audit, process->starter);
    }
    return NULL;
}

static const char *last_resort(const struct fp_sarif *s, const struct fp_process *process) {
    if (s->format && is_file(s->format->fall_back))
        return s->format->fall_back;
    if (process && is_file(process->image))
        return process->image;
    return s->audit->argc > 0 && is_file(s->audit->argv[0]) ? s->audit->argv[0] : "unknown";
}

static void region(struct fp_emit *e, const struct fp_frame *frame) {
    unsigned line = frame ? frame->line : 0;
    bool is_known = line > 0 && line <= INT_MAX;
    fp_emit_open(e, "region", '{');
    fp_emit_unsigned(e, "startLine", is_known ? line : 1);
    if (is_known && frame->column > 0 && frame->column <= INT_MAX)
        fp_emit_unsigned(e, "startColumn", frame->column);
    fp_emit_close(e, '}');
}

static void physical(struct fp_sarif *s, const char *path, const struct fp_frame *frame) {
    fp_emit_open(&s->emit, "physicalLocation", '{');
    fp_sarif_artifact(s, "artifactLocation", path);
    region(&s->emit, frame);
    fp_emit_close(&s->emit, '}');
}

/* What says more comes first: a line of the run's own, its script, a line of somebody's. */
static const struct fp_frame *physical_of_place(struct fp_sarif *s, const struct fp_place *place,
                                                const struct fp_process *process) {
    const struct fp_frame *frame = best_frame(s, place, true);
    const char *path = frame ? frame->file : script(s->audit, process, true);
    if (!path && (frame = best_frame(s, place, false)))
        path = frame->file;
    if (!path)
        path = script(s->audit, process, false);
    physical(s, path ? path : last_resort(s, process), frame);
    return frame;
}

static void logical(struct fp_emit *e, const struct fp_frame *frame) {
    if (!frame->function || !*frame->function)
        return;
    fp_emit_open(e, "logicalLocations", '[');
    fp_emit_open(e, NULL, '{');
    fp_emit_string(e, "fullyQualifiedName", frame->function);
    fp_emit_string(e, "kind", "function");
    fp_emit_close(e, '}');
    fp_emit_close(e, ']');
}

/* `id` 0: the first, which has none. */
static void location(struct fp_sarif *s, const struct fp_finding *finding,
                     const struct fp_place *place, size_t id) {
    struct fp_emit *e = &s->emit;
    const struct fp_process *process = place ? fp_place_process(s->audit, finding, place)
                                             : fp_audit_process(s->audit, finding->process);
    fp_emit_open(e, NULL, '{');
    if (id > 0)
        fp_emit_unsigned(e, "id", id);
    const struct fp_frame *frame = physical_of_place(s, place, process);
    if (frame || (place && place->frame_count > 0))
        logical(e, frame ? frame : &place->frames[0]);
    if (place && place->what && *place->what)
        fp_sarif_message(s, "message", place->what);
    else if (id > 0)
        fp_sarif_message(s, "message", "further place");
    fp_emit_close(e, '}');
}

static void frame_location(struct fp_sarif *s, const struct fp_frame *frame) {
    struct fp_emit *e = &s->emit;
    fp_emit_open(e, "location", '{');
    if (is_file(frame->file)) {
        physical(s, frame->file, frame);
    } else if (is_file(frame->module)) {
        fp_emit_open(e, "physicalLocation", '{');
        fp_sarif_artifact(s, "artifactLocation", frame->module);
        if (frame->offset <= INT_MAX) {
            fp_emit_open(e, "address", '{');
            fp_emit_unsigned(e, "relativeAddress", frame->offset);
            fp_emit_string(e, "kind", "instruction");
            fp_emit_close(e, '}');
        }
        fp_emit_close(e, '}');
    }
    logical(e, frame);
    fp_sarif_message(s, "message", fp_frame_name(frame));
    fp_emit_close(e, '}');
}

/* Its number makes it another than an equal one: no two of a result may be the same. */
static void stack(struct fp_sarif *s, const struct fp_place *place, size_t number) {
    struct fp_emit *e = &s->emit;
    fp_emit_open(e, NULL, '{');
    fp_sarif_message(s, "message", place->what ? place->what : "");
    fp_emit_open(e, "frames", '[');
    for (size_t i = 0; i < place->frame_count; i++) {
        const struct fp_frame *frame = &place->frames[i];
        fp_emit_open(e, NULL, '{');
        frame_location(s, frame);
        if (frame->module && *frame->module)
            fp_emit_string(e, "module", frame->module);
        if (place->tid > 0)
            fp_emit_integer(e, "threadId", place->tid);
        fp_emit_close(e, '}');
    }
    fp_emit_close(e, ']');
    fp_emit_open(e, "properties", '{');
    fp_emit_unsigned(e, "place", number);
    fp_emit_bool(e, "cut", place->is_cut);
    fp_emit_close(e, '}');
    fp_emit_close(e, '}');
}

void fp_sarif_places(struct fp_sarif *s, const struct fp_finding *finding) {
    struct fp_emit *e = &s->emit;
    fp_emit_open(e, "locations", '[');
    location(s, finding, finding->place_count > 0 ? finding->places : NULL, 0);
    fp_emit_close(e, ']');
    if (finding->place_count > 1) {
        fp_emit_open(e, "relatedLocations", '[');
        for (size_t i = 1; i < finding->place_count; i++)
            location(s, finding, &finding->places[i], i);
        fp_emit_close(e, ']');
    }
    fp_emit_open(e, "stacks", '[');
    for (size_t i = 0; i < finding->place_count; i++)
        if (finding->places[i].frame_count > 0)
            stack(s, &finding->places[i], i + 1);
    fp_emit_close(e, ']');
}
