/* One page that holds everything: the data as JSON in a script element, drawn by page.js. */
#include <errno.h>
#include <string.h>

#include "forkproof_version.h"
#include "format.h"
#include "format/emit.h"
#include "format/page.h"
#include "format/place.h"

static void process(struct fp_emit *e, const struct fp_process *p) {
    fp_emit_open(e, NULL, '{');
    fp_emit_integer(e, "pid", p->pid);
    fp_emit_integer(e, "parent", p->parent);
    fp_emit_integer(e, "starter", p->starter);
    fp_emit_microseconds(e, "born", p->born);
    fp_emit_microseconds(e, "ended", p->ended);
    fp_emit_integer(e, "status", p->status);
    fp_emit_strings(e, "argv", p->argv, p->argc);
    fp_emit_string(e, "image", p->image);
    fp_emit_string(e, "script", p->script);
    fp_emit_bool(e, "hooks", p->has_hooks);
    fp_emit_close(e, '}');
}

static void frame(struct fp_emit *e, const struct fp_audit *audit, const struct fp_frame *frame) {
    fp_emit_open(e, NULL, '{');
    fp_emit_string(e, "function", frame->function);
    fp_emit_source(e, "file", audit, frame->file);
    fp_emit_unsigned(e, "line", frame->line);
    fp_emit_unsigned(e, "column", frame->column);
    fp_emit_string(e, "module", frame->module);
    if (frame->offset > 0)
        fp_emit_format(e, "offset", "0x%llx", (unsigned long long)frame->offset);
    fp_emit_bool(e, "inlined", frame->is_inlined);
    fp_emit_close(e, '}');
}

static void place(struct fp_emit *e, const struct fp_audit *audit, const struct fp_finding *finding,
                  const struct fp_place *place) {
    const struct fp_process *in = fp_place_process(audit, finding, place);
    fp_emit_open(e, NULL, '{');
    fp_emit_string(e, "what", place->what);
    fp_emit_integer(e, "pid", place->pid);
    fp_emit_integer(e, "tid", place->tid);
    fp_emit_microseconds(e, "time", place->time);
    fp_emit_integer(e, "process", in ? in - audit->processes : -1);
    fp_emit_bool(e, "cut", place->is_cut);
    fp_emit_open(e, "frames", '[');
    for (size_t i = 0; i < place->frame_count; i++)
        frame(e, audit, &place->frames[i]);
    fp_emit_close(e, ']');
    fp_emit_close(e, '}');
}

static void finding(struct fp_emit *e, const struct fp_audit *audit, const struct fp_finding *f) {
    fp_emit_open(e, NULL, '{');
    fp_emit_string(e, "rule", f->rule);
    fp_emit_string(e, "title", f->title ? f->title : f->rule);
    fp_emit_string(e, "severity", fp_severity_word(f->severity));
    fp_emit_string(e, "message", f->message ? f->message : "");
    fp_emit_string(e, "fingerprint", f->fingerprint);
    fp_emit_integer(e, "process", f->process);
    fp_emit_unsigned(e, "times", f->times);
    fp_emit_bool(e, "baselined", f->is_baselined);
    fp_emit_bool(e, "suppressed", f->is_suppressed);
    fp_emit_string(e, "suppression", f->suppression);
    fp_emit_strings(e, "evidence", f->evidence, f->evidence_count);
    fp_emit_open(e, "places", '[');
    for (size_t i = 0; i < f->place_count; i++)
        place(e, audit, f, &f->places[i]);
    fp_emit_close(e, ']');
    fp_emit_close(e, '}');
}

static bool is_found(const struct fp_audit *audit, const char *rule) {
    for (size_t i = 0; i < audit->finding_count; i++)
        if (strcmp(audit->findings[i].rule, rule) == 0)
            return true;
    return false;
}

static void remedies(struct fp_emit *e, const struct fp_audit *audit,
                     const struct fp_format *format) {
    fp_emit_open(e, "remedies", '{');
    for (size_t i = 0; format && i < format->gotcha_count; i++)
        if (is_found(audit, format->gotchas[i].id))
            fp_emit_string(e, format->gotchas[i].id, format->gotchas[i].remedy);
    fp_emit_close(e, '}');
}

static void data(struct fp_emit *e, const struct fp_audit *audit, const struct fp_format *format) {
    fp_emit_open(e, NULL, '{');
    fp_emit_string(e, "forkproof", FORKPROOF_VERSION);
    fp_emit_strings(e, "argv", audit->argv, audit->argc);
    fp_emit_integer(e, "status", audit->status);
    fp_emit_microseconds(e, "began", audit->began);
    fp_emit_microseconds(e, "length", audit->length);
    fp_emit_string(e, "directory", audit->directory);
    fp_emit_unsigned(e, "lost", audit->lost_events);
    fp_emit_unsigned(e, "unhooked", audit->images_without_hooks);
    fp_emit_strings(e, "unused", audit->unused_suppressions, audit->unused_suppression_count);
    fp_emit_open(e, "processes", '[');
    for (size_t i = 0; i < audit->process_count; i++)
        process(e, &audit->processes[i]);
    fp_emit_close(e, ']');
    fp_emit_open(e, "findings", '[');
    for (size_t i = 0; i < audit->finding_count; i++)
        finding(e, audit, &audit->findings[i]);
    fp_emit_close(e, ']');
    remedies(e, audit, format);
    fp_emit_close(e, '}');
}

static int put(FILE *out, const unsigned char *text) {
    size_t length = strlen((const char *)text);
    errno = 0;
    if (fwrite(text, 1, length, out) == length)
        return 0;
    return errno ? -errno : -EIO;
}

int fp_format_html(FILE *out, const struct fp_audit *audit, const struct fp_format *format) {
    struct fp_emit e = {.out = out, .lines = 2};
    int error = put(out, fp_page_head);
    if (error)
        return error;
    data(&e, audit, format);
    error = fp_emit_end(&e);
    if (!error)
        error = put(out, fp_page_tail);
    return error ? error : fp_format_end(out);
}
