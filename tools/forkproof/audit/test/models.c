#include "models.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fingerprint.h"

enum { PROCESSES = 300, LONG = 128 * 1024 };

/* Markup, a CDATA end, quotes, an escape sequence, C1, cut and overlong UTF-8, U+FFFE, a mark of
 * writing direction. */
#define HOSTILE                                                                                    \
    "</script><b>]]>&amp;\"'\x1b]0;x\x07\x1b[31m\xc2\x9b\n\r\t\x7f\xff\xc0\xaf\xef\xbf\xbe"        \
    "\xe2\x80\xae*?\\#"

const struct fp_gotcha fp_model_gotchas[FP_MODEL_GOTCHAS] = {
    {.id = "kill-wait-race",
     .title = "A kill hits a stranger",
     .family = "identity",
     .severity = "error",
     .audit = "kill of a pid this process had already reaped",
     .remedy = ""},
    {.id = "fd-leak",
     .title = "Descriptors leak",
     .family = "pipes",
     .severity = "warning",
     .audit = "inherited descriptors",
     .remedy = ""},
    {.id = "unchecked-status",
     .title = "A status is ignored",
     .family = "identity",
     .severity = "note",
     .audit = "status discarded",
     .remedy = ""},
    {.id = "quiet-rule",
     .title = "Not found by the audit",
     .family = "pipes",
     .severity = "note",
     .audit = "",
     .remedy = ""},
};

static const char *const argv[] = {"./pool", "--workers", "3 or 4", NULL};

static struct fp_audit *base(struct fp_audit *audit) {
    *audit = (struct fp_audit){.argv = argv,
                               .argc = 3,
                               .began = UINT64_C(1700000000000000000),
                               .length = UINT64_C(12345678901),
                               .directory = "/src/pool"};
    return audit;
}

static struct fp_audit *empty(void) {
    static struct fp_audit audit;
    return base(&audit);
}

static struct fp_audit *two_places(void) {
    static const char *const make[] = {"make", "check", NULL};
    static struct fp_process processes[2];
    static struct fp_frame killed[3], reaped[2];
    static struct fp_place places[2];
    static const char *evidence[] = {"pid 77 was reaped at 1.000 s", "killed at 1.500 s"};
    static struct fp_finding finding;
    static struct fp_audit audit;
    processes[0] = (struct fp_process){.pid = 70,
                                       .argv = make,
                                       .argc = 2,
                                       .image = "/usr/bin/make",
                                       .has_hooks = true,
                                       .starter = -1};
    processes[1] = (struct fp_process){.pid = 71,
                                       .parent = 70,
                                       .born = 5,
                                       .ended = UINT64_C(2000000000),
                                       .argv = argv,
                                       .argc = 3,
                                       .image = "/src/pool/pool",
                                       .has_hooks = true};
    killed[0] = (struct fp_frame){
        "stop_worker", "/src/pool/lib/../pool.c", 88, 5, "/src/pool/pool", 0x1234, true};
    killed[1] =
        (struct fp_frame){"main", "/src/pool/main.c", 20, 0, "/src/pool/pool", 0x2000, false};
    killed[2] = (struct fp_frame){NULL, NULL, 0, 0, "/lib/libc.so.6", 0x27305, false};
    reaped[0] =
        (struct fp_frame){"reap_all", "/src/pool/pool.c", 40, 9, "/src/pool/pool", 0x1100, false};
    reaped[1] = killed[1];
    places[0] = (struct fp_place){"killed here", 71, 72, UINT64_C(1500000000), killed, 3, true};
    places[1] = (struct fp_place){"reaped here", 71, 71, UINT64_C(1000000000), reaped, 2, false};
    finding = (struct fp_finding){.rule = "kill-wait-race",
                                  .title = "A kill hits a stranger",
                                  .severity = FP_ERROR,
                                  .message = "pid 77 was killed after it was reaped",
                                  .places = places,
                                  .place_count = 2,
                                  .evidence = evidence,
                                  .evidence_count = 2,
                                  .process = 1,
                                  .times = 3};
    base(&audit)->processes = processes;
    audit.process_count = 2;
    audit.findings = &finding;
    audit.finding_count = 1;
    audit.status = 3 << 8;
    fp_fingerprint_all(&audit);
    return &audit;
}

/* Each started by the one before it. */
static struct fp_audit *many(void) {
    static struct fp_process processes[PROCESSES];
    static struct fp_finding findings[PROCESSES];
    static struct fp_audit audit;
    static const char *unused[] = {"known.supp:3: fd-leak:nothing"};
    for (int i = 0; i < PROCESSES; i++) {
        processes[i] = (struct fp_process){.pid = 1000 + i,
                                           .parent = 999 + i,
                                           .argv = argv,
                                           .argc = 3,
                                           .image = "/src/pool/pool",
                                           .script = i % 3 ? NULL : "/src/pool/run.sh",
                                           .has_hooks = i % 2,
                                           .ended = i % 8 ? (uint64_t)i + 1 : 0,
                                           .status = i % 4 ? -1 : 9,
                                           .starter = i - 1};
        findings[i] = (struct fp_finding){.rule = i % 2 ? "fd-leak" : "unchecked-status",
                                          .title = "Descriptors leak",
                                          .severity = i % 2 ? FP_WARNING : FP_NOTE,
                                          .message = "descriptor 7 is inherited",
                                          .process = i,
                                          .times = 1};
    }
    base(&audit)->processes = processes;
    audit.process_count = audit.finding_count = PROCESSES;
    audit.findings = findings;
    audit.lost_events = UINT64_MAX;
    audit.images_without_hooks = 150;
    audit.unused_suppressions = unused;
    audit.unused_suppression_count = 1;
    audit.status = 9;
    fp_fingerprint_all(&audit);
    return &audit;
}

/* A finding whose every text is a stranger's, in a process that started itself. */
static struct fp_audit *hostile(void) {
    static char large[LONG + 1], *filled;
    static const char *strange[] = {HOSTILE, large, "", HOSTILE, NULL},
                      *evidence[] = {HOSTILE, large};
    static struct fp_process process;
    static struct fp_frame frames[3];
    static struct fp_place places[2];
    static struct fp_finding findings[2];
    static struct fp_audit audit;
    for (filled = large; filled + sizeof HOSTILE < large + LONG; filled += sizeof HOSTILE - 1)
        memcpy(filled, HOSTILE, sizeof HOSTILE - 1);
    memset(filled, 'A', (size_t)(large + LONG - filled));
    process = (struct fp_process){.pid = -1,
                                  .born = UINT64_MAX,
                                  .ended = UINT64_MAX,
                                  .status = 0x7f7f7f7f,
                                  .argv = strange,
                                  .argc = 4,
                                  .image = HOSTILE};
    frames[0] =
        (struct fp_frame){large, HOSTILE, UINT32_MAX, UINT32_MAX, HOSTILE, UINT64_MAX, false};
    frames[1] = (struct fp_frame){.module = large, .offset = UINT64_MAX};
    places[0] = (struct fp_place){HOSTILE, -1, -1, UINT64_MAX, frames, 3, true};
    findings[0] = (struct fp_finding){.rule = "fd-leak",
                                      .title = HOSTILE,
                                      .severity = FP_WARNING,
                                      .message = HOSTILE,
                                      .places = places,
                                      .place_count = 2,
                                      .evidence = evidence,
                                      .evidence_count = 2,
                                      .times = UINT32_MAX};
    findings[1] = (struct fp_finding){.rule = "no<rule>",
                                      .title = "",
                                      .severity = FP_ERROR,
                                      .message = large,
                                      .process = INT32_MAX};
    base(&audit)->processes = &process;
    audit.argv = strange;
    audit.argc = 4;
    audit.directory = HOSTILE;
    audit.process_count = 1;
    audit.findings = findings;
    audit.finding_count = 2;
    audit.began = audit.length = UINT64_MAX;
    audit.status = -1;
    fp_fingerprint_all(&audit);
    return &audit;
}

struct fp_audit *fp_model(const char *name) {
    static const struct {
        const char *name;
        struct fp_audit *(*make)(void);
    } models[] = {
        {"empty", empty}, {"two-places", two_places}, {"many", many}, {"hostile", hostile}};
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++)
        if (strcmp(models[i].name, name) == 0)
            return models[i].make();
    return NULL;
}

struct fp_format fp_model_format(void) {
    return (struct fp_format){
        .gotchas = fp_model_gotchas, .gotcha_count = FP_MODEL_GOTCHAS, .fail_on = FP_WARNING};
}

char *fp_model_written(int (*format)(FILE *, const struct fp_audit *, const struct fp_format *),
                       const struct fp_audit *audit, const struct fp_format *how) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out || format(out, audit, how) != 0 || fclose(out) != 0)
        abort();
    return text;
}
