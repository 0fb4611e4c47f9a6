#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

#include "format/emit.h"
#include "machine_models.h"

TestSuite(emit, .timeout = 20);

/* What one string becomes. */
static char *written(const char *text) {
    char *result = NULL;
    size_t size;
    struct fp_emit e = {.out = open_memstream(&result, &size)};
    fp_emit_string(&e, NULL, text);
    cr_assert_eq(fp_emit_end(&e), 0);
    fclose(e.out);
    result[strcspn(result, "\n")] = '\0';
    return result;
}

static const struct {
    const char *text, *json;
} rows[] = {
    {NULL, "null"},
    {"", "\"\""},
    {"plain \xc3\xa9", "\"plain \xc3\xa9\""},
    {"\"\\", "\"\\\"\\\\\""},
    {"a\nb\tc", "\"a\\nb\\u0009c\""},
    {"\x1b[0m\x7f", "\"\\u001b[0m\\u007f\""},
    {"a\xc2\x9b\xc2\xa0", "\"a\\u009b\xc2\xa0\""},
    {"\xe2\x80\xae.", "\"\\u202e.\""},
    {"</script><!--&", "\"\\u003c/script\\u003e\\u003c!--\\u0026\""},
    {"\xff\xc3", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
    {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
};

Test(emit, a_string_is_json_and_fit_for_a_script_element) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *json = written(rows[i].text);
        cr_expect_str_eq(json, rows[i].json, "row %zu", i);
        free(json);
    }
}

Test(emit, commas_stand_between_and_only_between) {
    char *text = NULL;
    size_t size;
    struct fp_emit e = {.out = open_memstream(&text, &size)};
    fp_emit_open(&e, NULL, '{');
    fp_emit_open(&e, "a", '[');
    fp_emit_close(&e, ']');
    fp_emit_open(&e, "b", '[');
    fp_emit_integer(&e, NULL, INT64_MIN);
    fp_emit_unsigned(&e, NULL, UINT64_MAX);
    fp_emit_microseconds(&e, NULL, 1002003);
    fp_emit_close(&e, ']');
    fp_emit_bool(&e, "c", true);
    fp_emit_format(&e, "d", "%d<", 7);
    fp_emit_strings(&e, "e", fp_test_make, 2);
    fp_emit_close(&e, '}');
    cr_assert_eq(fp_emit_end(&e), 0);
    fclose(e.out);
    cr_expect_str_eq(text, "{\"a\":[],\"b\":[-9223372036854775808,9223372036854775807,1002.003],"
                           "\"c\":true,\"d\":\"7\\u003c\",\"e\":[\"make\",\"check\"]}\n");
    free(text);
}

Test(emit, lines_are_only_above_the_depth_asked_for) {
    char *text = NULL;
    size_t size;
    struct fp_emit e = {.out = open_memstream(&text, &size), .lines = 1};
    fp_emit_open(&e, NULL, '[');
    fp_emit_strings(&e, NULL, fp_test_make, 2);
    fp_emit_integer(&e, NULL, 1);
    fp_emit_close(&e, ']');
    cr_assert_eq(fp_emit_end(&e), 0);
    fclose(e.out);
    cr_expect_str_eq(text, "[\n [\"make\",\"check\"],\n 1\n]\n");
    free(text);
}

static int (*const formats[])(FILE *, const struct fp_audit *, const struct fp_format *) = {
    fp_format_sarif, fp_format_html, fp_format_trace};

Test(emit, a_full_disk_is_told_by_every_format) {
    struct fp_audit audits[] = {fp_test_empty(), fp_test_small(), fp_test_large()};
    struct fp_format format = {.gotchas = NULL};
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        for (size_t k = 0; k < sizeof audits / sizeof audits[0]; k++) {
            FILE *full = fopen("/dev/full", "w");
            cr_assert(full);
            cr_expect_eq(formats[i](full, &audits[k], &format), -ENOSPC, "format %zu", i);
            fclose(full);
        }
}

Test(emit, a_stream_that_cannot_be_written_is_told_by_every_format) {
    struct fp_audit audit = fp_test_small();
    struct fp_format format = {.gotchas = NULL};
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        FILE *read_only = fopen("/dev/null", "r");
        cr_assert(read_only);
        cr_expect_eq(formats[i](read_only, &audit, &format), -EBADF, "format %zu", i);
        fclose(read_only);
    }
}

Test(emit, a_large_argument_is_written_whole) {
    enum { large = 128 << 10 };
    static char text[large + 1];
    memset(text, '\xff', large);
    char *json = written(text);
    cr_expect_eq(strlen(json), 3 * large + 2);
    free(json);
}
