/* For programs: schema 1, as docs/audit.schema.json says. */
#include <stdint.h>
#include <sys/wait.h>
#include <time.h>

#include "forkproof_version.h"
#include "format.h"
#include "format/emit.h"
#include "values.h"

/* JSON's readers have 63 bits. */
static void number(struct fp_emit *e, const char *key, uint64_t value) {
    fp_emit_unsigned(e, key, value > INT64_MAX ? INT64_MAX : value);
}

/* As of waitpid; null when it is not known. */
static void status(struct fp_emit *e, const char *key, int value) {
    if (value < 0 || (!WIFEXITED(value) && !WIFSIGNALED(value))) {
        fp_emit_string(e, key, NULL);
        return;
    }
    fp_emit_open(e, key, '{');
    if (WIFSIGNALED(value)) {
        fp_emit_string(e, "signal", fp_signal_name(WTERMSIG(value)));
        fp_emit_bool(e, "core", WCOREDUMP(value));
    } else {
        fp_emit_integer(e, "exited", WEXITSTATUS(value));
    }
    fp_emit_close(e, '}');
}

static void began(struct fp_emit *e, uint64_t ns) {
    time_t seconds = (time_t)(ns / 1000000000);
    struct tm tm;
    char text[64];
    bool known = gmtime_r(&seconds, &tm) && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    fp_emit_string(e, "began", known ? text : NULL);
}

static void run(struct fp_emit *e, const struct fp_audit *audit) {
    fp_emit_open(e, "run", '{');
    fp_emit_strings(e, "argv", audit->argv, audit->argc);
    fp_emit_string(e, "directory", audit->directory);
    began(e, audit->began);
    fp_emit_microseconds(e, "length_us", audit->length);
    status(e, "status", audit->status);
    fp_emit_close(e, '}');
}

static void counts(struct fp_emit *e, const struct fp_audit *audit, int fail_on) {
    size_t of[FP_ERROR + 1] = {0}, baselined = 0, suppressed = 0, failing = 0;
    for (size_t i = 0; i < audit->finding_count; i++) {
        const struct fp_finding *finding = &audit->findings[i];
        of[finding->severity > FP_ERROR ? FP_ERROR : finding->severity]++;
        baselined += finding->is_baselined;
        suppressed += finding->is_suppressed;
        failing += fp_finding_fails(finding, fail_on);
    }
    fp_emit_open(e, "counts", '{');
    for (int i = FP_ERROR; i >= FP_NOTE; i--)
        number(e, fp_severity_word((enum fp_severity)i), of[i]);
    number(e, "baselined", baselined);
    number(e, "suppressed", suppressed);
    number(e, "failing", failing);
    fp_emit_close(e, '}');
}

static void coverage(struct fp_emit *e, const struct fp_audit *audit) {
    fp_emit_open(e, "coverage", '{');
    number(e, "processes", audit->process_count);
    number(e, "images_without_hooks", audit->images_without_hooks);
    number(e, "lost_events", audit->lost_events);
    fp_emit_close(e, '}');
}

/* The place in the list of processes, or null. */
static void process_index(struct fp_emit *e, const char *key, const struct fp_audit *audit,
                          int index) {
    if (fp_audit_process(audit, index))
        fp_emit_integer(e, key, index);
    else
        fp_emit_string(e, key, NULL);
}

static void process(struct fp_emit *e, const struct fp_audit *audit, const struct fp_process *one) {
    fp_emit_open(e, NULL, '{');
    fp_emit_integer(e, "pid", one->pid);
    fp_emit_integer(e, "parent", one->parent);
    process_index(e, "starter", audit, one->starter);
    fp_emit_strings(e, "argv", one->argv, one->argc);
    fp_emit_string(e, "image", one->image);
    fp_emit_string(e, "script", one->script);
    fp_emit_bool(e, "has_hooks", one->has_hooks);
    fp_emit_microseconds(e, "born_us", one->born);
    if (one->ended)
        fp_emit_microseconds(e, "ended_us", one->ended);
    else
        fp_emit_string(e, "ended_us", NULL);
    status(e, "status", one->ended ? one->status : -1);
    fp_emit_close(e, '}');
}

static void line_number(struct fp_emit *e, const char *key, unsigned value) {
    if (value)
        fp_emit_unsigned(e, key, value);
    else
        fp_emit_string(e, key, NULL);
}

static void frame(struct fp_emit *e, const struct fp_frame *one) {
    fp_emit_open(e, NULL, '{');
    fp_emit_string(e, "function", one->function);
    fp_emit_string(e, "file", one->file);
    line_number(e, "line", one->line);
    line_number(e, "column", one->column);
    fp_emit_string(e, "module", one->module);
    if (one->module)
        fp_emit_format(e, "offset", "0x%llx", (unsigned long long)one->offset);
    else
        fp_emit_string(e, "offset", NULL);
    fp_emit_bool(e, "inlined", one->is_inlined);
    fp_emit_close(e, '}');
}

static void place(struct fp_emit *e, const struct fp_place *one) {
    fp_emit_open(e, NULL, '{');
    fp_emit_string(e, "what", one->what ? one->what : "here");
    fp_emit_integer(e, "pid", one->pid);
    fp_emit_integer(e, "tid", one->tid);
    fp_emit_microseconds(e, "time_us", one->time);
    fp_emit_open(e, "frames", '[');
    for (size_t i = 0; i < one->frame_count; i++)
        frame(e, &one->frames[i]);
    fp_emit_close(e, ']');
    fp_emit_bool(e, "cut", one->is_cut);
    fp_emit_close(e, '}');
}

static void finding(struct fp_emit *e, const struct fp_audit *audit, const struct fp_finding *one,
                    int fail_on) {
    fp_emit_open(e, NULL, '{');
    fp_emit_string(e, "rule", one->rule);
    fp_emit_string(e, "title", one->title ? one->title : "");
    fp_emit_string(e, "severity", fp_severity_word(one->severity));
    fp_emit_string(e, "message", one->message ? one->message : "");
    fp_emit_string(e, "fingerprint", one->fingerprint);
    fp_emit_unsigned(e, "times", one->times ? one->times : 1);
    process_index(e, "process", audit, one->process);
    fp_emit_bool(e, "baselined", one->is_baselined);
    fp_emit_bool(e, "suppressed", one->is_suppressed);
    fp_emit_bool(e, "failing", fp_finding_fails(one, fail_on));
    fp_emit_string(e, "suppression", one->suppression);
    fp_emit_strings(e, "evidence", one->evidence, one->evidence_count);
    fp_emit_open(e, "places", '[');
    for (size_t i = 0; i < one->place_count; i++)
        place(e, &one->places[i]);
    fp_emit_close(e, ']');
    fp_emit_close(e, '}');
}

int fp_format_json(FILE *out, const struct fp_audit *audit, const struct fp_format *format) {
    struct fp_emit e = {.out = out, .lines = 2};
    fp_emit_open(&e, NULL, '{');
    fp_emit_integer(&e, "schema", 1);
    fp_emit_string(&e, "report", "audit");
    fp_emit_string(&e, "forkproof", FORKPROOF_VERSION);
    run(&e, audit);
    coverage(&e, audit);
    counts(&e, audit, format->fail_on);
    fp_emit_open(&e, "findings", '[');
    for (size_t i = 0; i < audit->finding_count; i++)
        finding(&e, audit, &audit->findings[i], format->fail_on);
    fp_emit_close(&e, ']');
    fp_emit_strings(&e, "unused_suppressions", audit->unused_suppressions,
                    audit->unused_suppression_count);
    fp_emit_open(&e, "processes", '[');
    for (size_t i = 0; i < audit->process_count; i++)
        process(&e, audit, &audit->processes[i]);
    fp_emit_close(&e, ']');
    fp_emit_close(&e, '}');
    return fp_emit_end(&e);
}
