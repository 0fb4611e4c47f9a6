/* A gotcha for programs. */
#include "explain/explain.h"

static const char *const mode_names[FP_MODES] = {"bare", "run", "preload"};
static const char *const program_names[FP_PROGRAMS] = {"bad", "good"};

static void put(json_t *object, const char *key, const char *text) {
    json_object_set_new(object, key, json_string(text));
}

static json_t *strings(const char *const *list) {
    json_t *array = json_array();
    for (size_t i = 0; list[i]; i++)
        json_array_append_new(array, json_string(list[i]));
    return array;
}

static json_t *sources(const struct fp_gotcha *gotcha) {
    json_t *array = json_array();
    for (size_t i = 0; i < gotcha->source_count; i++) {
        const struct fp_source *source = &gotcha->sources[i];
        json_array_append_new(array, json_pack("{s:s,s:s,s:s}", "document", source->document,
                                               "title", source->title, "section", source->section));
    }
    return array;
}

static json_t *outcomes(const struct fp_case *example) {
    json_t *array = json_array();
    for (size_t i = 0; i < example->outcome_count; i++) {
        const struct fp_outcome *outcome = &example->outcomes[i];
        json_array_append_new(array, json_pack("{s:s,s:b,s:s,s:s}", "word", outcome->word, "safe",
                                               outcome->safe, "when", outcome->when, "means",
                                               outcome->means));
    }
    return array;
}

static json_t *expected(const struct fp_case *example) {
    json_t *object = json_object();
    for (int p = 0; p < FP_PROGRAMS; p++) {
        json_t *modes = json_object();
        for (int m = 0; m < FP_MODES; m++)
            put(modes, mode_names[m], example->expected[p][m]);
        json_object_set_new(object, program_names[p], modes);
    }
    return object;
}

static json_t *exceptions(const struct fp_case *example) {
    json_t *array = json_array();
    for (size_t i = 0; i < example->exception_count; i++) {
        const struct fp_exception *e = &example->exceptions[i];
        json_array_append_new(array, json_pack("{s:s,s:s,s:s,s:s,s:s}", "program", e->program,
                                               "mode", e->mode, "where", e->where, "outcome",
                                               e->outcome, "because", e->because));
    }
    return array;
}

static json_t *program(const struct fp_case *example) {
    if (!example)
        return json_null();
    json_t *object = json_object();
    json_object_set_new(object, "needs", strings(example->needs));
    json_object_set_new(object, "run_options", strings(example->run));
    put(object, "preload_options", example->preload);
    json_object_set_new(object, "outcomes", outcomes(example));
    json_object_set_new(object, "expected", expected(example));
    json_object_set_new(object, "unless", exceptions(example));
    return object;
}

json_t *fp_explain_json(const struct fp_gotcha *gotcha) {
    const struct {
        const char *key, *text;
    } texts[] = {
        {"id", gotcha->id},
        {"title", gotcha->title},
        {"family", gotcha->family},
        {"audit", gotcha->audit},
        {"severity", gotcha->severity},
        {"run", gotcha->run},
        {"how", gotcha->how},
        {"preload", gotcha->preload},
        {"story", gotcha->story},
        {"remedy", gotcha->remedy},
        {"timeline", gotcha->timeline},
        {"elsewhere", gotcha->elsewhere},
    };
    json_t *object = json_object();
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        put(object, texts[i].key, texts[i].text);
    json_object_set_new(object, "tags", strings(gotcha->tags));
    json_object_set_new(object, "platforms", strings(gotcha->platforms));
    json_object_set_new(object, "sources", sources(gotcha));
    json_object_set_new(object, "program", program(gotcha->example));
    return object;
}
