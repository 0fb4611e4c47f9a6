/* What must hold of any record whatever: of the reader, of the rules, and of all formats. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "fingerprint.h"
#include "format.h"
#include "format/page.h"
#include "fuzz.h"
#include "record.h"
#include "rules/scene.h"
#include "suppress.h"

/* --- the reader --- */

/* That it can be read is what the sanitizers claim. */
static void touch(const void *at, size_t size) {
    const volatile unsigned char *bytes = at;
    for (size_t i = 0; i < size; i++)
        (void)bytes[i];
}

static void check_event(const struct fp_record *record, size_t number, uint64_t before) {
    size_t mappings[2];
    struct fp_record_event event = fp_record_event(record, number);
    FP_CLAIM(event.time >= before && event.process < fp_record_process_count(record));
    touch(event.text.at, event.text.size);
    touch(event.exe.at, event.exe.size);
    touch(event.registers, event.register_count * sizeof *event.registers);
    touch(event.stack, event.stack_size);
    (void)fp_record_mappings(record, number, mappings, 2);
}

static void check_record(const struct fp_record *record) {
    uint64_t before = 0;
    for (size_t i = 0; i < fp_record_event_count(record); i++) {
        check_event(record, i, before);
        before = fp_record_event(record, i).time;
    }
    for (size_t i = 0; i < fp_record_process_count(record); i++) {
        size_t steps = 0;
        for (size_t at = i; at != FP_RECORD_NONE; at = fp_record_process(record, at)->starter)
            FP_CLAIM(steps++ <= fp_record_process_count(record));
    }
}

/* --- the findings --- */

static const struct fp_gotcha *rule_of(const struct fp_scene *scene, const char *id) {
    for (size_t i = 0; i < scene->gotcha_count; i++)
        if (strcmp(scene->gotchas[i].id, id) == 0)
            return &scene->gotchas[i];
    return NULL;
}

static void check_finding(const struct fp_scene *scene, const struct fp_finding *finding) {
    const struct fp_gotcha *rule = rule_of(scene, finding->rule);
    FP_CLAIM(rule && *rule->audit && finding->title);
    FP_CLAIM(finding->message && *finding->message && finding->times > 0);
    FP_CLAIM(finding->severity >= FP_NOTE && finding->severity <= FP_ERROR);
    FP_CLAIM(strspn(finding->fingerprint, "0123456789abcdef") == 32);
    FP_CLAIM(finding->process >= -1);
    FP_CLAIM(finding->process < 0 || (size_t)finding->process < scene->audit.process_count);
}

static void check_scene(const struct fp_scene *scene) {
    for (size_t i = 0; i < scene->audit.finding_count; i++) {
        check_finding(scene, &scene->audit.findings[i]);
        FP_CLAIM(i == 0 ||
                 scene->audit.findings[i - 1].severity >= scene->audit.findings[i].severity);
    }
}

/* --- the formats --- */

typedef int format(FILE *, const struct fp_audit *, const struct fp_format *);

struct written {
    char *text;
    size_t size;
};

static struct written write_by(format *format, const struct fp_scene *scene) {
    struct written written = {0};
    struct fp_format how = {.gotchas = scene->gotchas,
                            .gotcha_count = scene->gotcha_count,
                            .fail_on = FP_WARNING,
                            .fall_back = "Makefile"};
    FILE *out = open_memstream(&written.text, &written.size);
    FP_CLAIM(out);
    FP_CLAIM(format(out, &scene->audit, &how) == 0);
    FP_CLAIM(fclose(out) == 0);
    FP_CLAIM(strlen(written.text) == written.size);
    return written;
}

/* UTF-8 without control characters: nothing that a terminal or an XML parser could stumble over. */
static void check_plain(format *format, const struct fp_scene *scene) {
    struct written written = write_by(format, scene);
    for (size_t i = 0, n; i < written.size; i += n) {
        const char *at = written.text + i;
        n = fp_utf8(at, written.size - i);
        FP_CLAIM(n > 0);
        FP_CLAIM(n > 1 || *at == '\n' || (*at >= 0x20 && *at < 0x7f));
    }
    free(written.text);
}

static void check_json(format *format, const struct fp_scene *scene) {
    struct written written = write_by(format, scene);
    json_error_t error;
    json_t *value = json_loadb(written.text, written.size, JSON_REJECT_DUPLICATES, &error);
    if (!value)
        fprintf(stderr, "%d:%d: %s\n%s", error.line, error.column, error.text, written.text);
    FP_CLAIM(value);
    json_decref(value);
    free(written.text);
}

/* Our page around data that has no markup. */
static void check_page(const struct fp_scene *scene) {
    struct written written = write_by(fp_format_html, scene);
    size_t head = strlen((const char *)fp_page_head), tail = strlen((const char *)fp_page_tail);
    FP_CLAIM(written.size > head + tail);
    FP_CLAIM(!memchr(written.text + head, '<', written.size - head - tail));
    free(written.text);
}

static void check_formats(const struct fp_scene *scene) {
    check_plain(fp_format_text, scene);
    check_plain(fp_format_junit, scene);
    check_json(fp_format_json, scene);
    check_json(fp_format_sarif, scene);
    check_json(fp_format_trace, scene);
    check_page(scene);
}

/* --- all of it --- */

void fp_fuzz_audit(int fd) {
    struct fp_record *record;
    struct fp_scene *scene;
    const struct fp_scene_options options = {.gotchas = fp_gotchas,
                                             .gotcha_count = fp_gotcha_count};
    struct fp_suppressions none = {0};
    char why[FP_RECORD_WHY] = "";
    if (fp_record_read(fd, &record, why) < 0) {
        FP_CLAIM(why[0]);
        return;
    }
    check_record(record);
    FP_CLAIM(fp_scene_open(record, &options, &scene) == 0);
    FP_CLAIM(fp_rules_run(scene) == 0);
    FP_CLAIM(fp_fingerprint_all(&scene->audit) == 0);
    FP_CLAIM(fp_suppressions_apply(&none, &scene->audit) == 0);
    check_scene(scene);
    check_formats(scene);
    fp_suppressions_free(&none);
    for (size_t i = 0; i < scene->audit.finding_count; i++)
        free(scene->audit.findings[i].suppression);
    fp_scene_close(scene);
    fp_record_close(record);
}
