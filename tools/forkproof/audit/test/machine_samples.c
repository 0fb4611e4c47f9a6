/*
 * machine_samples FORMAT MODEL: a model audit on standard output.
 * Formats: sarif, html, trace. Models: empty, quiet, small, placeless, hostile, large.
 */
#include "machine_models.h"

static const struct fp_gotcha gotchas[] = {
    {.id = "kill-wait-race",
     .title = "A kill that races with a wait hits a stranger",
     .severity = "error",
     .tags = (const char *const[]){"kill", "pid reuse", NULL},
     .audit = "kill of a pid this process had already reaped",
     .story = "A thread waits.\n\n```c\nif (a < b && c > d)\n```\n",
     .remedy = "Hold a **pidfd**. </script>\n"},
};

static const struct {
    const char *name;
    int (*write)(FILE *out, const struct fp_audit *audit, const struct fp_format *format);
} formats[] = {{"sarif", fp_format_sarif}, {"html", fp_format_html}, {"trace", fp_format_trace}};

/* One process, and nothing to say. */
static struct fp_audit quiet(void) {
    struct fp_audit audit = fp_test_small();
    audit.status = 0;
    audit.process_count = 1;
    audit.finding_count = 0;
    audit.lost_events = audit.images_without_hooks = audit.unused_suppression_count = 0;
    return audit;
}

/* One finding without a source, in a compiled program. */
static struct fp_audit placeless(void) {
    static struct fp_place place = {"here", 1202, 1202, 5, fp_test_forked, 1, true};
    static struct fp_finding finding;
    struct fp_audit audit = fp_test_small();
    finding = fp_test_findings[0];
    finding.places = &place;
    finding.place_count = 1;
    finding.process = 0;
    audit.process_count = 1;
    audit.findings = &finding;
    audit.finding_count = 1;
    return audit;
}

static const struct {
    const char *name;
    struct fp_audit (*build)(void);
} models[] = {{"empty", fp_test_empty},     {"quiet", quiet},
              {"small", fp_test_small},     {"placeless", placeless},
              {"hostile", fp_test_hostile}, {"large", fp_test_large}};

int main(int argc, char **argv) {
    const struct fp_format format = {
        .gotchas = gotchas, .gotcha_count = 1, .fall_back = ".ci/build.yml"};
    for (size_t i = 0; argc == 3 && i < sizeof formats / sizeof formats[0]; i++)
        for (size_t k = 0; k < sizeof models / sizeof models[0]; k++)
            if (strcmp(argv[1], formats[i].name) == 0 && strcmp(argv[2], models[k].name) == 0) {
                struct fp_audit audit = models[k].build();
                return formats[i].write(stdout, &audit, &format) == 0 ? 0 : 1;
            }
    fprintf(stderr, "machine_samples: no such format and model\n");
    return 2;
}
