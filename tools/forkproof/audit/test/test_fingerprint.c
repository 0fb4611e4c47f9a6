#include <criterion/criterion.h>
#include <string.h>

#include "fingerprint.h"
#include "format.h"
#include "models.h"

TestSuite(fingerprint, .timeout = 10);

static void hash_is(const char *text, const char *expected) {
    struct fp_fnv hash = FP_FNV_BASIS;
    char hex[33];
    fp_fnv_add(&hash, text, strlen(text));
    fp_fnv_hex(&hash, hex);
    cr_expect_str_eq(hex, expected, "of \"%s\"", text);
}

Test(fingerprint, the_hash_is_fnv_1a_128) {
    hash_is("", "6c62272e07bb014262b821756295c58d");
    hash_is("a", "d228cb696f1a8caf78912b704e4a8964");
    hash_is("foobar", "343e1662793c64bf6f0d3597ba446f18");
}

/* The two-place finding, to be changed by each test. */
static struct fp_audit *audit;
static struct fp_finding *finding;
static char before[33];

static void begin(void) {
    audit = fp_model("two-places");
    finding = &audit->findings[0];
    memcpy(before, finding->fingerprint, sizeof before);
}

static bool stays(void) {
    cr_assert_eq(fp_fingerprint(audit, finding), 0);
    return strcmp(before, finding->fingerprint) == 0;
}

/* Another version that told findings apart otherwise would make every baseline void. The number was
 * made from fingerprint.h's description, not by this code. */
Test(fingerprint, is_the_same_in_every_version, .init = begin) {
    cr_expect_str_eq(before, "9b422e7d55a0d2822234ab1ea4da7218");
}

/* Where the handler's signal came is chance. */
Test(fingerprint, does_not_hold_what_a_signal_interrupted, .init = begin) {
    struct fp_frame frames[] = {{.function = "on_hangup", .file = "server.c"},
                                {.function = FP_SIGNAL_FRAME, .module = "libc.so.6"},
                                {.function = "read"}};
    finding->places[0].frames = frames;
    finding->places[0].frame_count = 3;
    cr_expect(!stays());
    memcpy(before, finding->fingerprint, sizeof before);
    frames[1].module = "libc.so.7";
    frames[2].function = "write";
    cr_expect(stays());
    frames[0].function = "on_child";
    cr_expect(!stays());
}

Test(fingerprint, does_not_hold_what_changes_from_run_to_run, .init = begin) {
    struct fp_place *place = &finding->places[0];
    place->pid = place->tid = 4000;
    place->time = 17;
    place->what = "in other words";
    place->frames[0].line = 99;
    place->frames[0].column = 1;
    place->frames[0].offset = 0x4321;
    place->frames[0].module = "/elsewhere/pool";
    finding->message = "pid 4000 was killed";
    finding->times = 1;
    finding->severity = FP_NOTE;
    finding->title = "as another version says it";
    audit->processes[1].pid = 4000;
    cr_expect(stays());
}

Test(fingerprint, does_not_hold_where_the_sources_lie, .init = begin) {
    audit->directory = "/home/another/checkout/";
    finding->places[0].frames[0].file = "/home/another/checkout/./pool.c";
    finding->places[0].frames[1].file = "/home/another/checkout/main.c";
    finding->places[1].frames[0].file = "/home/another/checkout//pool.c";
    finding->places[1].frames[1].file = "main.c";
    cr_expect(stays());
}

Test(fingerprint, does_not_hold_what_lies_behind_main_nor_how_deep_a_recursion_was, .init = begin) {
    struct fp_frame frames[20];
    for (size_t i = 0; i < 18; i++)
        frames[i] = finding->places[0].frames[0];
    frames[18] = finding->places[0].frames[1];
    frames[19] = (struct fp_frame){.module = "/lib/another-libc.so"};
    finding->places[0].frames = frames;
    finding->places[0].frame_count = 20;
    cr_expect(stays());
}

Test(fingerprint, tells_rules_apart, .init = begin) {
    finding->rule = "fd-leak";
    cr_expect_not(stays());
}

Test(fingerprint, tells_functions_apart, .init = begin) {
    finding->places[0].frames[0].function = "stop_workers";
    cr_expect_not(stays());
}

Test(fingerprint, tells_files_apart, .init = begin) {
    finding->places[1].frames[0].file = "/src/pool/other.c";
    cr_expect_not(stays());
}

Test(fingerprint, tells_the_second_place_apart, .init = begin) {
    finding->place_count = 1;
    cr_expect_not(stays());
}

Test(fingerprint, a_frame_is_not_a_place, .init = begin) {
    /* The same frames, all in one place: main() ends it, so without main. */
    struct fp_frame frames[2] = {{.function = "a"}, {.function = "b"}};
    struct fp_place one = {.frames = frames, .frame_count = 2};
    struct fp_place two[2] = {{.frames = frames, .frame_count = 1},
                              {.frames = frames + 1, .frame_count = 1}};
    finding->places = &one;
    finding->place_count = 1;
    stays();
    memcpy(before, finding->fingerprint, sizeof before);
    finding->places = two;
    finding->place_count = 2;
    cr_expect_not(stays());
}

Test(fingerprint, without_symbols_modules_are_told_apart_by_name, .init = begin) {
    struct fp_frame frame = {.module = "/usr/lib/libfoo.so.1", .offset = 5};
    struct fp_place place = {.frames = &frame, .frame_count = 1};
    finding->places = &place;
    finding->place_count = 1;
    stays();
    memcpy(before, finding->fingerprint, sizeof before);
    frame.module = "/opt/lib/libfoo.so.1";
    frame.offset = 9;
    cr_expect(stays());
    frame.module = "/opt/lib/libbar.so.1";
    cr_expect_not(stays());
}

Test(fingerprint, scripts_are_told_apart, .init = begin) {
    audit->processes[1].script = "/src/pool/a.py";
    stays();
    memcpy(before, finding->fingerprint, sizeof before);
    audit->processes[1].script = "/src/pool/b.py";
    cr_expect_not(stays());
}

Test(fingerprint, without_frames_programs_are_told_apart, .init = begin) {
    finding->place_count = 0;
    stays();
    memcpy(before, finding->fingerprint, sizeof before);
    audit->processes[1].image = "/elsewhere/pool";
    cr_expect(stays());
    audit->processes[1].image = "/elsewhere/pond";
    cr_expect_not(stays());
}

struct path_row {
    const char *directory, *path, *below;
};

Test(fingerprint, paths_are_told_from_the_directory_of_the_run) {
    static const struct path_row rows[] = {
        {"/a/b", "/a/b/c.c", "c.c"},
        {"/a/b", "/a/bc/c.c", "/a/bc/c.c"},
        {"/a/b", "/a/b", "/a/b"},
        {"/a/b/", "/a/b/../b/./x//c.c", "x/c.c"},
        {"/a/b", "/a/b/../c.c", "/a/c.c"},
        {"/a/b", "../c.c", "../c.c"},
        {"/a/b", "../../c/../c.c", "../../c.c"},
        {"/a/b", "x/../../c.c", "../c.c"},
        {"/a/b", "./c.c", "c.c"},
        {"/a/b", "x/..", "."},
        {"/a/b", "", "."},
        {"/a/b", "/../../c.c", "/c.c"},
        {"/", "/c.c", "c.c"},
        {"/", "/", "/"},
        {NULL, "/c.c", "/c.c"},
        {"not absolute", "not absolute/c.c", "not absolute/c.c"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *path = fp_path_below(rows[i].directory, rows[i].path);
        cr_expect_str_eq(path, rows[i].below, "row %zu: %s", i, path);
        free(path);
    }
}
