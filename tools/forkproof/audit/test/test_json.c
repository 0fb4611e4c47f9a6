#include <criterion/criterion.h>
#include <jansson.h>
#include <string.h>

#include "models.h"

TestSuite(json, .timeout = 30);

static json_t *written(const char *model) {
    struct fp_format how = fp_model_format();
    json_error_t error;
    char *text = fp_model_written(fp_format_json, fp_model(model), &how);
    json_t *report = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    cr_assert_not_null(report, "%s:%d:%d: %s", model, error.line, error.column, error.text);
    free(text);
    return report;
}

static const char *text_of(const json_t *object, const char *key) {
    return json_string_value(json_object_get(object, key));
}

static json_int_t number_of(const json_t *object, const char *key) {
    cr_assert(json_is_integer(json_object_get(object, key)), "%s", key);
    return json_integer_value(json_object_get(object, key));
}

Test(json, an_empty_run_has_every_list) {
    json_t *report = written("empty");
    cr_expect_eq(number_of(report, "schema"), 1);
    cr_expect_str_eq(text_of(report, "report"), "audit");
    cr_expect_str_eq(text_of(json_object_get(report, "run"), "began"), "2023-11-14T22:13:20Z");
    cr_expect(json_is_array(json_object_get(report, "findings")));
    cr_expect_eq(json_array_size(json_object_get(report, "findings")), 0);
    cr_expect_eq(json_array_size(json_object_get(report, "processes")), 0);
    cr_expect_eq(number_of(json_object_get(report, "counts"), "failing"), 0);
    json_decref(report);
}

Test(json, both_places_are_told) {
    json_t *report = written("two-places");
    const json_t *finding = json_array_get(json_object_get(report, "findings"), 0);
    const json_t *places = json_object_get(finding, "places");
    const json_t *frames = json_object_get(json_array_get(places, 0), "frames");
    cr_assert_eq(json_array_size(places), 2);
    cr_expect_str_eq(text_of(json_array_get(places, 1), "what"), "reaped here");
    cr_expect_float_eq(json_real_value(json_object_get(json_array_get(places, 0), "time_us")),
                       1.5e6, 0.001);
    cr_assert_eq(json_array_size(frames), 3);
    cr_expect_str_eq(text_of(json_array_get(frames, 0), "function"), "stop_worker");
    cr_expect_eq(number_of(json_array_get(frames, 0), "line"), 88);
    cr_expect(json_is_true(json_object_get(json_array_get(frames, 0), "inlined")));
    cr_expect(json_is_null(json_object_get(json_array_get(frames, 2), "line")));
    cr_expect_str_eq(text_of(json_array_get(frames, 2), "offset"), "0x27305");
    cr_expect_str_eq(text_of(finding, "severity"), "error");
    cr_expect_eq(number_of(finding, "times"), 3);
    cr_expect_eq(number_of(finding, "process"), 1);
    cr_expect(json_is_true(json_object_get(finding, "failing")));
    const json_t *status = json_object_get(json_object_get(report, "run"), "status");
    cr_expect_eq(number_of(status, "exited"), 3);
    json_decref(report);
}

Test(json, every_process_and_finding_is_there) {
    json_t *report = written("many");
    const json_t *processes = json_object_get(report, "processes");
    const json_t *counts = json_object_get(report, "counts");
    cr_expect_eq(json_array_size(processes), 300);
    cr_expect_eq(json_array_size(json_object_get(report, "findings")), 300);
    cr_expect_eq(number_of(counts, "warning"), 150);
    cr_expect_eq(number_of(counts, "note"), 150);
    cr_expect_eq(number_of(counts, "failing"), 150);
    cr_expect(json_is_null(json_object_get(json_array_get(processes, 0), "starter")));
    cr_expect_eq(number_of(json_array_get(processes, 299), "starter"), 298);
    cr_expect_eq(number_of(json_object_get(report, "coverage"), "lost_events"), INT64_MAX);
    const json_t *status = json_object_get(json_array_get(processes, 4), "status");
    cr_expect_str_eq(text_of(status, "signal"), "SIGKILL");
    cr_expect(json_is_null(json_object_get(json_array_get(processes, 8), "status")), "it lives");
    cr_expect(json_is_null(json_object_get(json_array_get(processes, 8), "ended_us")));
    json_decref(report);
}

/* Whole: text for people is shortened, not this. */
Test(json, hostile_text_comes_back_but_for_what_is_not_utf8) {
    json_t *report = written("hostile");
    const json_t *argv = json_object_get(json_object_get(report, "run"), "argv");
    cr_assert_eq(json_array_size(argv), 4);
    cr_expect_str_eq(json_string_value(json_array_get(argv, 0)),
                     "</script><b>]]>&amp;\"'\x1b]0;x\x07\x1b[31m\xc2\x9b\n\r\t\x7f"
                     "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbe\xe2\x80\xae*?\\#");
    cr_expect_geq(json_string_length(json_array_get(argv, 1)), 131072u);
    cr_expect_eq(json_string_length(json_array_get(argv, 2)), 0);
    cr_expect(json_is_null(json_object_get(json_object_get(report, "run"), "status")));
    const json_t *second = json_array_get(json_object_get(report, "findings"), 1);
    cr_expect(json_is_null(json_object_get(second, "process")));
    json_decref(report);
}
