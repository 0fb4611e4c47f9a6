/* SARIF 2.1.0, as code-scanning services accept it. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "forkproof_version.h"
#include "format/sarif.h"

static void put_time(struct fp_emit *e, const char *key, uint64_t ns) {
    time_t seconds = (time_t)(ns / 1000000000);
    struct tm tm;
    char whole[40];
    if (gmtime_r(&seconds, &tm) && strftime(whole, sizeof whole, "%Y-%m-%dT%H:%M:%S", &tm) > 0)
        fp_emit_format(e, key, "%s.%03uZ", whole, (unsigned)(ns / 1000000 % 1000));
}

static void notify(struct fp_sarif *s, const char *level, const char *text) {
    fp_emit_open(&s->emit, NULL, '{');
    fp_emit_string(&s->emit, "level", level);
    fp_sarif_message(s, "message", text);
    fp_emit_close(&s->emit, '}');
}

static void notify_count(struct fp_sarif *s, const char *level, const char *what, uint64_t count) {
    char text[160];
    snprintf(text, sizeof text, "%s: %" PRIu64, what, count);
    if (count > 0)
        notify(s, level, text);
}

static void notify_unused(struct fp_sarif *s, const char *suppression) {
    static const char what[] = "unused suppression: ";
    size_t size = sizeof what + strlen(suppression);
    char *text = malloc(size);
    if (text)
        snprintf(text, size, "%s%s", what, suppression);
    notify(s, "note", text ? text : "an unused suppression");
    free(text);
}

/* The audit's own: what makes the results less than whole. */
static void invocation(struct fp_sarif *s) {
    struct fp_emit *e = &s->emit;
    const struct fp_audit *audit = s->audit;
    fp_emit_open(e, "invocations", '[');
    fp_emit_open(e, NULL, '{');
    fp_emit_bool(e, "executionSuccessful", true);
    put_time(e, "startTimeUtc", audit->began);
    if (audit->length <= UINT64_MAX - audit->began)
        put_time(e, "endTimeUtc", audit->began + audit->length);
    fp_emit_open(e, "toolExecutionNotifications", '[');
    notify_count(s, "warning",
                 "events of the record that were lost, so that findings may be missing",
                 audit->lost_events);
    notify_count(s, "note", "images that ran without hooks, so that what they did was not seen",
                 audit->images_without_hooks);
    for (size_t i = 0; i < audit->unused_suppression_count; i++)
        notify_unused(s, audit->unused_suppressions[i]);
    fp_emit_close(e, ']');
    fp_emit_close(e, '}');
    fp_emit_close(e, ']');
}

static void driver(struct fp_sarif *s) {
    struct fp_emit *e = &s->emit;
    fp_emit_open(e, "tool", '{');
    fp_emit_open(e, "driver", '{');
    fp_emit_string(e, "name", "forkproof");
    fp_emit_string(e, "version", FORKPROOF_VERSION);
    fp_emit_string(e, "semanticVersion", FORKPROOF_VERSION);
    fp_sarif_rules(s);
    fp_emit_close(e, '}');
    fp_emit_close(e, '}');
}

static bool any(const struct fp_audit *audit, bool (*holds)(const struct fp_finding *)) {
    for (size_t i = 0; i < audit->finding_count; i++)
        if (holds(&audit->findings[i]))
            return true;
    return false;
}

static bool is_baselined(const struct fp_finding *finding) {
    return finding->is_baselined;
}

static bool is_suppressed(const struct fp_finding *finding) {
    return finding->is_suppressed;
}

/* One of a log that says it of any result says it of all: 3.27.23 and 3.27.24. */
static void marks(struct fp_emit *e, const struct fp_finding *finding, bool has_baseline,
                  bool has_suppressions) {
    if (has_baseline)
        fp_emit_string(e, "baselineState", finding->is_baselined ? "unchanged" : "new");
    if (!has_suppressions)
        return;
    fp_emit_open(e, "suppressions", '[');
    if (finding->is_suppressed) {
        fp_emit_open(e, NULL, '{');
        fp_emit_string(e, "kind", "external");
        fp_emit_string(e, "status", "accepted");
        fp_emit_close(e, '}');
    }
    fp_emit_close(e, ']');
}

static void fingerprints(struct fp_emit *e, const struct fp_finding *finding) {
    if (!*finding->fingerprint)
        return;
    fp_emit_open(e, "partialFingerprints", '{');
    fp_emit_string(e, "forkproof/v1", finding->fingerprint);
    /* What GitHub tells one alert from another by; without it, by the source line's text. */
    fp_emit_string(e, "primaryLocationLineHash", finding->fingerprint);
    fp_emit_close(e, '}');
}

static void properties(struct fp_sarif *s, const struct fp_finding *finding) {
    struct fp_emit *e = &s->emit;
    const struct fp_process *process = fp_audit_process(s->audit, finding->process);
    fp_emit_open(e, "properties", '{');
    fp_emit_strings(e, "evidence", finding->evidence, finding->evidence_count);
    if (process) {
        fp_emit_integer(e, "pid", process->pid);
        fp_emit_strings(e, "argv", process->argv, process->argc);
    }
    if (finding->suppression)
        fp_emit_string(e, "suppression", finding->suppression);
    fp_emit_close(e, '}');
}

static void result(struct fp_sarif *s, const struct fp_finding *finding, bool has_baseline,
                   bool has_suppressions) {
    struct fp_emit *e = &s->emit;
    const char *text = finding->message && *finding->message ? finding->message : finding->title;
    fp_emit_open(e, NULL, '{');
    fp_emit_string(e, "ruleId", finding->rule);
    fp_emit_unsigned(e, "ruleIndex", fp_sarif_rule_index(s, finding));
    fp_emit_string(e, "level", fp_severity_word(finding->severity));
    fp_sarif_message(s, "message", text && *text ? text : finding->rule);
    fp_sarif_places(s, finding);
    fingerprints(e, finding);
    if (finding->times > 1)
        fp_emit_unsigned(e, "occurrenceCount", finding->times);
    marks(e, finding, has_baseline, has_suppressions);
    properties(s, finding);
    fp_emit_close(e, '}');
}

static void run(struct fp_sarif *s) {
    struct fp_emit *e = &s->emit;
    const struct fp_audit *audit = s->audit;
    bool has_baseline = any(audit, is_baselined), has_suppressions = any(audit, is_suppressed);
    fp_emit_open(e, NULL, '{');
    driver(s);
    fp_sarif_base(s);
    invocation(s);
    fp_emit_open(e, "results", '[');
    for (size_t i = 0; i < audit->finding_count; i++)
        result(s, &audit->findings[i], has_baseline, has_suppressions);
    fp_emit_close(e, ']');
    fp_emit_open(e, "properties", '{');
    fp_emit_strings(e, "argv", audit->argv, audit->argc);
    fp_emit_integer(e, "status", audit->status);
    fp_emit_unsigned(e, "processes", audit->process_count);
    fp_emit_close(e, '}');
    fp_emit_close(e, '}');
}

int fp_format_sarif(FILE *out, const struct fp_audit *audit, const struct fp_format *format) {
    struct fp_sarif s = {.emit = {.out = out, .lines = 6}, .audit = audit, .format = format};
    struct fp_emit *e = &s.emit;
    int error = fp_sarif_collect_rules(&s);
    if (error)
        return error;
    fp_emit_open(e, NULL, '{');
    fp_emit_string(e, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
    fp_emit_string(e, "version", "2.1.0");
    fp_emit_open(e, "runs", '[');
    run(&s);
    fp_emit_close(e, ']');
    fp_emit_close(e, '}');
    free(s.rules);
    return fp_emit_end(e);
}
