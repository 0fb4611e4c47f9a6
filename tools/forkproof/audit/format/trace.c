/* Chrome's trace format, which Perfetto reads: a track a process, findings as instants. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "forkproof_version.h"
#include "format.h"
#include "format/emit.h"
#include "format/place.h"

#define FIRST_MADE_UP 4194305u /* above the greatest pid that Linux gives */

struct trace {
    struct fp_emit emit;
    const struct fp_audit *audit;
    unsigned *tracks; /* of each process: its pid, or of a later one of the same pid a number */
    uint64_t flows;
};

static int by_pid(const void *a, const void *b, void *processes) {
    const unsigned *i = a, *j = b;
    const struct fp_process *list = processes;
    pid_t p = list[*i].pid, q = list[*j].pid;
    return p != q ? (p < q ? -1 : 1) : (*i > *j) - (*i < *j);
}

static int number_tracks(struct trace *t) {
    size_t count = t->audit->process_count;
    unsigned *order = calloc(count + 1, sizeof *order);
    t->tracks = calloc(count + 1, sizeof *t->tracks);
    if (!order || !t->tracks) {
        free(order);
        return -ENOMEM;
    }
    for (unsigned i = 0; i < count; i++)
        order[i] = i;
    qsort_r(order, count, sizeof *order, by_pid, t->audit->processes);
    for (size_t i = 0; i < count; i++) {
        pid_t pid = t->audit->processes[order[i]].pid;
        bool is_again = i > 0 && t->audit->processes[order[i - 1]].pid == pid;
        bool is_usable = pid > 0 && (unsigned)pid < FIRST_MADE_UP && !is_again;
        t->tracks[order[i]] = is_usable ? (unsigned)pid : FIRST_MADE_UP + order[i];
    }
    free(order);
    return 0;
}

/* Of no process: 0. */
static unsigned track(const struct trace *t, const struct fp_process *process) {
    return process ? t->tracks[process - t->audit->processes] : 0;
}

/* As findings name it. */
static const char *short_name(const struct fp_process *process) {
    const char *name = process->script ? process->script : process->image;
    if ((!name || !*name) && process->argc > 0)
        name = process->argv[0];
    return name && *name ? fp_path_base(name) : "?";
}

/* Left open: the caller adds to it and closes it. */
static void event(struct trace *t, const char *phase, const char *name, const char *category,
                  unsigned on) {
    struct fp_emit *e = &t->emit;
    fp_emit_open(e, NULL, '{');
    fp_emit_string(e, "ph", phase);
    fp_emit_string(e, "name", name);
    fp_emit_string(e, "cat", category);
    fp_emit_unsigned(e, "pid", on);
    fp_emit_unsigned(e, "tid", on);
}

static void metadata(struct trace *t, const char *what, unsigned on, const char *name, pid_t pid) {
    struct fp_emit *e = &t->emit;
    event(t, "M", what, "__metadata", on);
    fp_emit_open(e, "args", '{');
    if (on == (unsigned)pid)
        fp_emit_string(e, "name", name);
    else
        fp_emit_format(e, "name", "%s (pid %ld)", name, (long)pid);
    fp_emit_close(e, '}');
    fp_emit_close(e, '}');
}

static void sort_index(struct trace *t, unsigned on, size_t index) {
    struct fp_emit *e = &t->emit;
    event(t, "M", "process_sort_index", "__metadata", on);
    fp_emit_open(e, "args", '{');
    fp_emit_unsigned(e, "sort_index", index);
    fp_emit_close(e, '}');
    fp_emit_close(e, '}');
}

static void life(struct trace *t, const struct fp_process *process) {
    struct fp_emit *e = &t->emit;
    event(t, "X", short_name(process), "process", track(t, process));
    fp_emit_microseconds(e, "ts", process->born);
    fp_emit_microseconds(e, "dur", fp_process_end(t->audit, process) - process->born);
    fp_emit_open(e, "args", '{');
    fp_emit_integer(e, "pid", process->pid);
    fp_emit_integer(e, "parent", process->parent);
    fp_emit_strings(e, "argv", process->argv, process->argc);
    fp_emit_string(e, "image", process->image);
    fp_emit_string(e, "script", process->script);
    fp_emit_integer(e, "status", process->status);
    fp_emit_bool(e, "ended", process->ended != 0);
    fp_emit_bool(e, "hooks", process->has_hooks);
    fp_emit_close(e, '}');
    fp_emit_close(e, '}');
}

/* An arrow's one end: "s" or "f". */
static void flow(struct trace *t, const char *phase, const char *name, unsigned on, uint64_t time) {
    struct fp_emit *e = &t->emit;
    event(t, phase, name, "flow", on);
    fp_emit_unsigned(e, "id", t->flows);
    fp_emit_microseconds(e, "ts", time);
    if (*phase == 'f')
        fp_emit_string(e, "bp", "e");
    fp_emit_close(e, '}');
}

static void process(struct trace *t, size_t index) {
    const struct fp_process *p = &t->audit->processes[index];
    const struct fp_process *starter = fp_audit_process(t->audit, p->starter);
    metadata(t, "process_name", track(t, p), short_name(p), p->pid);
    sort_index(t, track(t, p), index);
    life(t, p);
    if (!starter || starter == p)
        return;
    t->flows++;
    flow(t, "s", "starts", track(t, starter), p->born);
    flow(t, "f", "starts", track(t, p), p->born);
}

static void frames(struct trace *t, const struct fp_place *place) {
    struct fp_emit *e = &t->emit;
    fp_emit_open(e, "stack", '[');
    for (size_t i = 0; place && i < place->frame_count; i++) {
        const struct fp_frame *frame = &place->frames[i];
        fp_emit_open(e, NULL, '{');
        fp_emit_string(e, "function", frame->function);
        fp_emit_source(e, "file", t->audit, frame->file);
        fp_emit_unsigned(e, "line", frame->line);
        fp_emit_string(e, "module", frame->module);
        fp_emit_format(e, "offset", "0x%llx", (unsigned long long)frame->offset);
        fp_emit_close(e, '}');
    }
    fp_emit_close(e, ']');
}

/* Without a place: at its process's end. */
static void instant(struct trace *t, const struct fp_finding *finding, const struct fp_place *place,
                    size_t index) {
    struct fp_emit *e = &t->emit;
    const struct fp_process *in = place ? fp_place_process(t->audit, finding, place)
                                        : fp_audit_process(t->audit, finding->process);
    uint64_t end = in ? fp_process_end(t->audit, in) : t->audit->length;
    event(t, "i", finding->rule, "finding", track(t, in));
    fp_emit_string(e, "s", "p");
    fp_emit_microseconds(e, "ts", place && place->time ? place->time : end);
    fp_emit_open(e, "args", '{');
    fp_emit_string(e, "severity", fp_severity_word(finding->severity));
    fp_emit_string(e, "message", finding->message);
    fp_emit_unsigned(e, "place", index + 1);
    fp_emit_string(e, "what", place ? place->what : NULL);
    fp_emit_integer(e, "tid", place ? place->tid : 0);
    fp_emit_string(e, "fingerprint", finding->fingerprint);
    fp_emit_bool(e, "baselined", finding->is_baselined);
    fp_emit_bool(e, "suppressed", finding->is_suppressed);
    fp_emit_unsigned(e, "times", finding->times);
    fp_emit_strings(e, "evidence", finding->evidence, finding->evidence_count);
    frames(t, place);
    fp_emit_close(e, '}');
    fp_emit_close(e, '}');
}

static void finding(struct trace *t, const struct fp_finding *found) {
    if (found->place_count == 0)
        instant(t, found, NULL, 0);
    for (size_t i = 0; i < found->place_count; i++)
        instant(t, found, &found->places[i], i);
}

static void other_data(struct trace *t) {
    struct fp_emit *e = &t->emit;
    fp_emit_open(e, "otherData", '{');
    fp_emit_string(e, "forkproof", FORKPROOF_VERSION);
    fp_emit_strings(e, "argv", t->audit->argv, t->audit->argc);
    fp_emit_integer(e, "status", t->audit->status);
    fp_emit_unsigned(e, "began", t->audit->began);
    fp_emit_unsigned(e, "lost_events", t->audit->lost_events);
    fp_emit_unsigned(e, "images_without_hooks", t->audit->images_without_hooks);
    fp_emit_close(e, '}');
}

int fp_format_trace(FILE *out, const struct fp_audit *audit, const struct fp_format *format) {
    struct trace t = {.emit = {.out = out, .lines = 2}, .audit = audit};
    struct fp_emit *e = &t.emit;
    (void)format;
    int error = number_tracks(&t);
    if (error) {
        free(t.tracks);
        return error;
    }
    fp_emit_open(e, NULL, '{');
    fp_emit_string(e, "displayTimeUnit", "ms");
    fp_emit_open(e, "traceEvents", '[');
    for (size_t i = 0; i < audit->process_count; i++)
        process(&t, i);
    for (size_t i = 0; i < audit->finding_count; i++)
        finding(&t, &audit->findings[i]);
    fp_emit_close(e, ']');
    other_data(&t);
    fp_emit_close(e, '}');
    free(t.tracks);
    return fp_emit_end(e);
}
