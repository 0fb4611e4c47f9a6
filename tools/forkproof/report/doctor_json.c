/* The checkup for programs, schema 1. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "doctor.h"
#include "escape.h"
#include "forkproof_version.h"
#include "systems.h"

/* Whatever the bytes, a JSON string; null for none. */
static json_t *text(const char *bytes) {
    char clean[3 * FP_CHECK_TEXT + 1];
    if (!bytes || !*bytes)
        return json_null();
    fp_escape_utf8(bytes, strlen(bytes), clean, sizeof clean);
    return json_string(clean);
}

/* detail: what the detail of what is there is called; NULL: nothing. */
static json_t *check(const struct fp_check *check, const char *detail) {
    json_t *object = json_pack("{s:b}", "ok", (int)check->ok);
    json_object_set_new(object, "why_not", check->ok ? json_null() : text(check->detail));
    if (detail)
        json_object_set_new(object, detail, check->ok ? text(check->detail) : json_null());
    return object;
}

static json_t *all(const struct fp_check *checks, int count, const char *detail) {
    json_t *object = json_object();
    for (int i = 0; i < count; i++)
        json_object_set_new(object, checks[i].name, check(&checks[i], detail));
    return object;
}

static json_t *machine(void) {
    struct utsname system;
    uname(&system);
    return json_pack("{s:s,s:s,s:s,s:I}", "system", system.sysname, "release", system.release,
                     "machine", system.machine, "user", (json_int_t)geteuid());
}

static json_t *library(const struct fp_checkup *checkup) {
    json_t *object = check(&checkup->library, "path");
    json_object_set_new(object, "version", text(checkup->version));
    json_object_set_new(object, "programs_32bit", check(&checkup->twin, "path"));
    return object;
}

static json_t *abilities(int system) {
    json_t *object = json_object();
    for (int i = 0; i < fp_ability_count; i++) {
        const struct fp_ability_of *one = &fp_abilities[i];
        enum fp_ability here = one->on[system];
        json_object_set_new(object, one->id,
                            json_pack("{s:s,s:s,s:o}", "what", one->what, "is",
                                      fp_ability_name(here), "why_not",
                                      here == FP_FULL ? json_null() : text(one->why)));
    }
    return object;
}

static json_t *other_systems(void) {
    json_t *object = json_object();
    for (int i = 0; i < FP_SYSTEM_COUNT; i++)
        json_object_set_new(object, fp_systems[i].id,
                            json_pack("{s:s,s:s,s:s,s:o}", "name", fp_systems[i].name, "state",
                                      FP_NOT_RUN, "preload", fp_systems[i].preload, "abilities",
                                      abilities(i)));
    return object;
}

char *fp_checkup_json(const struct fp_checkup *checkup) {
    json_t *report =
        json_pack("{s:i,s:s,s:o}", "schema", 1, "forkproof", FORKPROOF_VERSION, "on", machine());
    json_object_set_new(report, "rungs", all(checkup->rungs, FP_CHECK_RUNGS, "detail"));
    json_object_set_new(report, "auto", json_string(checkup->automatic));
    json_object_set_new(report, "strongest", json_string(checkup->strongest));
    json_object_set_new(report, "proc", check(&checkup->proc, NULL));
    json_object_set_new(report, "kernel", all(checkup->kernel, FP_CHECK_KERNEL, NULL));
    json_object_set_new(report, "library", library(checkup));
    json_object_set_new(report, "runtime_directory", check(&checkup->runtime, "path"));
    json_object_set_new(report, "other_systems", other_systems());
    json_object_set_new(report, "works", json_boolean(checkup->works));
    char *line = json_dumps(report, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    json_decref(report);
    char *result = NULL;
    if (line && asprintf(&result, "%s\n", line) < 0)
        result = NULL;
    free(line);
    return result;
}
