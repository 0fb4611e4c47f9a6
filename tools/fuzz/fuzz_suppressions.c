/*
 * Suppressions. The first line of an input is the name of a function: the suppression that we would
 * offer for a finding there must suppress that finding. The rest is a file of suppressions.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "say.h"
#include "suppress.h"

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    fp_say_to(-1);
    return 0;
}

/* A rule that the audit has. */
static const char *some_rule(void) {
    size_t i = 0;
    while (!*fp_gotchas[i].audit)
        i++;
    return fp_gotchas[i].id;
}

/* One finding, in a function that is called so. */
struct scene {
    struct fp_frame frames[2];
    struct fp_place place;
    struct fp_finding finding;
    struct fp_audit audit;
};

static void set(struct scene *scene, const char *function) {
    *scene = (struct scene){
        .frames = {{.function = function, .file = "/src/lib/start.c", .line = 7},
                   {.function = "main", .module = "/usr/bin/program"}},
        .place = {.frames = scene->frames, .frame_count = 2},
        .finding = {.rule = some_rule(), .places = &scene->place, .place_count = 1, .process = -1},
        .audit = {.directory = "/src", .findings = &scene->finding, .finding_count = 1},
    };
}

/* Whether the file suppresses the finding. */
static bool apply(struct scene *scene, const char *path) {
    struct fp_suppressions all = {0};
    int r = fp_suppressions_read(&all, path, fp_gotchas, fp_gotcha_count);
    FP_CLAIM(r == 0 || r == -EINVAL || r == -EFBIG);
    FP_CLAIM(fp_suppressions_apply(&all, &scene->audit) == 0);
    FP_CLAIM(r < 0 || scene->audit.unused_suppression_count <= all.count);
    fp_suppressions_free(&all);
    return scene->finding.is_suppressed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
    size_t length = end ? (size_t)(end - data) : size;
    size_t rest = end ? length + 1 : length;
    char *function = fp_fuzz_text(data, length);
    struct scene scene;
    set(&scene, function);
    apply(&scene, fp_fuzz_path(0, data + rest, size - rest));
    char *offered = scene.finding.suppression;
    if (strcmp(function, FP_SIGNAL_FRAME) == 0) {
        FP_CLAIM(!offered); /* what names nothing is offered nothing */
    } else {
        FP_CLAIM(offered && *offered);
        set(&scene, function);
        FP_CLAIM(apply(&scene, fp_fuzz_path(1, offered, strlen(offered))));
        free(scene.finding.suppression);
        free(offered);
    }
    free(function);
    return 0;
}
