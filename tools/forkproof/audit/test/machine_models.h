/* Audits built in memory, for the tests of the formats that machines and browsers read. */
#ifndef FP_MACHINE_MODELS_H
#define FP_MACHINE_MODELS_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "format.h"

#define FP_MS UINT64_C(1000000)

/* A hostile text: markup, the end of a script element, escape sequences, no UTF-8, bidi. */
#define FP_HOSTILE                                                                                 \
    "</script><script>document.title='owned'</script><!--<img src=x onerror=alert(1)>\x1b[31m"     \
    "\x07\xff\xc3\xed\xa0\x80\"'\\&amp;\u202egnp.exe [link](http://evil.invalid) {0}\r\nend"

static const char *const fp_test_make[] = {"make", "check"};
static const char *const fp_test_tests[] = {"./tests/run", "--all", "it's here"};
static const char *const fp_test_sleep[] = {"sleep", "600"};

static struct fp_frame fp_test_forked[] = {
    {.function = "fork", .module = "/lib/x86_64-linux-gnu/libc.so.6", .offset = 0xe6f10},
    {.function = "start_one",
     .file = "/home/dev/pro ject/src/../src/start#1.c",
     .line = 42,
     .column = 7,
     .module = "/home/dev/pro ject/tests/run",
     .is_inlined = true},
    {.function = "main", .file = "src/main.c", .line = 9, .module = "/home/dev/pro ject/tests/run"},
};
static struct fp_frame fp_test_killed[] = {
    {.function = "kill", .module = "/lib/x86_64-linux-gnu/libc.so.6", .offset = 0x3c0f0},
    {.function = "stop_all", .file = "/usr/src/other/stop.c", .line = 7},
};
static struct fp_place fp_test_places[] = {
    {"killed here", 1201, 1203, 310 * FP_MS, fp_test_killed, 2, true},
    {"forked here", 1201, 1201, 120 * FP_MS, fp_test_forked, 3, false},
};
static const char *fp_test_evidence[] = {"state Z (zombie) for 4.2 s", "exit status 1, never read"};
static struct fp_process fp_test_processes[] = {
    {1200, 1199, 0, 900 * FP_MS, 2 << 8, fp_test_make, 2, "/usr/bin/make", NULL, true, -1},
    {1201, 1200, 40 * FP_MS, 850 * FP_MS, 1 << 8, fp_test_tests, 3, "/home/dev/pro ject/tests/run",
     "tests/run", true, 0},
    {1202, 1201, 120 * FP_MS, 310 * FP_MS, 15, fp_test_sleep, 2, "/usr/bin/sleep", NULL, true, 1},
    {1202, 1201, 400 * FP_MS, 0, -1, fp_test_sleep, 2, "/usr/bin/sleep", NULL, false, 1},
};
static char fp_test_suppression[] = "recycled-pid:stop_all";
static struct fp_finding fp_test_findings[] = {
    {"kill-wait-race", "One thread reaps the child, another kills its pid", FP_ERROR,
     "SIGTERM was sent to pid 1202, which this process had reaped 1.2 ms before.",
     "0123456789abcdef0123456789abcdef", fp_test_places, 2, fp_test_evidence, 2, 1, 3, false, false,
     fp_test_suppression},
    {"zombie-apocalypse", "A parent never waits", FP_WARNING, "1 zombie was left at the exit.",
     "1123456789abcdef0123456789abcdef", fp_test_places + 1, 1, NULL, 0, 1, 1, true, false, NULL},
    {"daemonize-leak", "A process leaves every bookkeeping", FP_NOTE, "sleep was left running.",
     "2123456789abcdef0123456789abcdef", NULL, 0, NULL, 0, 3, 1, false, true, NULL},
};

/* No process, no finding, nothing known. */
static inline struct fp_audit fp_test_empty(void) {
    return (struct fp_audit){.status = 0};
}

/* Four processes, two of them of one pid, and three findings. */
static inline struct fp_audit fp_test_small(void) {
    static const char *unused[] = {"fd-leak:old_function"};
    return (struct fp_audit){.argv = fp_test_make,
                             .argc = 2,
                             .status = 2 << 8,
                             .began = UINT64_C(1700000000123456789),
                             .length = 900 * FP_MS,
                             .directory = "/home/dev/pro ject",
                             .processes = fp_test_processes,
                             .process_count = 4,
                             .findings = fp_test_findings,
                             .finding_count = 3,
                             .lost_events = 12,
                             .images_without_hooks = 1,
                             .unused_suppressions = unused,
                             .unused_suppression_count = 1};
}

/* Every text is hostile, every number out of its range, two processes started each other. */
static inline struct fp_audit fp_test_hostile(void) {
    static const char *const argv[] = {FP_HOSTILE, FP_HOSTILE, ""};
    static const char *lines[] = {FP_HOSTILE};
    static char suppression[] = FP_HOSTILE;
    static struct fp_frame frames[] = {
        {FP_HOSTILE, FP_HOSTILE, UINT32_MAX, UINT32_MAX, FP_HOSTILE, UINT64_MAX, true},
        {.function = NULL}};
    static struct fp_place places[] = {{FP_HOSTILE, -1, -1, UINT64_MAX, frames, 2, true},
                                       {NULL, 0, 0, 0, NULL, 0, false},
                                       {FP_HOSTILE, -1, -1, UINT64_MAX, frames, 2, true}};
    static struct fp_process processes[] = {
        {-1, -1, UINT64_MAX, 1, INT32_MIN, argv, 3, FP_HOSTILE, FP_HOSTILE, false, 1},
        {0, 0, 0, 0, INT32_MAX, argv, 3, NULL, NULL, false, 0},
        {7, 7, 5, 3, 0, NULL, 0, NULL, NULL, false, 2},
        {7, 7, 5, 3, 0, NULL, 0, NULL, NULL, false, INT32_MAX}};
    static struct fp_finding findings[] = {
        {FP_HOSTILE, FP_HOSTILE, FP_ERROR, FP_HOSTILE, "", places, 3, lines, 1, INT32_MAX,
         UINT32_MAX, false, false, suppression},
        {"x", NULL, FP_NOTE, NULL, "", NULL, 0, NULL, 0, INT32_MIN, 0, true, true, NULL},
        {"y", NULL, FP_NOTE, "", "", NULL, 0, NULL, 0, 0, 0, true, true, NULL}};
    return (struct fp_audit){.argv = argv,
                             .argc = 3,
                             .status = INT32_MIN,
                             .began = UINT64_MAX,
                             .length = UINT64_MAX,
                             .directory = "/" FP_HOSTILE,
                             .processes = processes,
                             .process_count = 4,
                             .findings = findings,
                             .finding_count = 3,
                             .lost_events = UINT64_MAX,
                             .unused_suppressions = lines,
                             .unused_suppression_count = 1};
}

/* A build of 5,000 processes: make over make over shell over compiler; 40 findings. */
static inline struct fp_audit fp_test_large(void) {
    enum { count = 5000, findings = 40 };
    static const char *const submake[] = {"make", "-C", "lib", "all"};
    static const char *const shell[] = {"/bin/sh", "-c", "cc -O2 -c x.c -o x.o && mv x.o out/"};
    static const char *const compiler[] = {"/usr/bin/cc", "-O2", "-Wall", "-c", "x.c", "-o", "x.o"};
    static const char *const *const argvs[] = {submake, shell, compiler};
    static const size_t argcs[] = {4, 3, 7};
    static struct fp_process list[count];
    static struct fp_finding found[findings];
    for (size_t i = 0; i < count; i++) {
        size_t kind = i == 0 || i % 50 == 1 ? 0 : i % 2 == 0 ? 1 : 2;
        size_t make = i < 2 ? 0 : (i - 1) / 50 * 50 + 1;
        uint64_t born = i * 9 * FP_MS, length = kind == 0 ? 460 * FP_MS : (i % 7 + 2) * 4 * FP_MS;
        list[i] = (struct fp_process){
            .pid = (pid_t)(2000 + i), .parent = 1, .born = born, .ended = born + length};
        list[i].status = i % 97 == 5 ? 256 : 0;
        list[i].argv = argvs[kind];
        list[i].argc = argcs[kind];
        list[i].image = kind == 2 ? "/usr/bin/cc" : "/bin/dash";
        list[i].has_hooks = true;
        list[i].starter = i == 0 ? -1 : kind == 0 ? 0 : kind == 2 ? (int)i - 1 : (int)make;
    }
    list[0].ended = UINT64_C(9) * count * FP_MS + 500 * FP_MS;
    for (size_t i = 0; i < findings; i++) {
        found[i] = fp_test_findings[i % 2];
        found[i].process = (int)(i * (count / findings));
        found[i].place_count = 0;
        found[i].is_baselined = i % 11 == 3;
        snprintf(found[i].fingerprint, sizeof found[i].fingerprint, "%032zx", i);
    }
    struct fp_audit audit = fp_test_small();
    audit.status = 0;
    audit.directory = "/home/dev/kernel";
    audit.length = list[0].ended;
    audit.processes = list;
    audit.process_count = count;
    audit.findings = found;
    audit.finding_count = findings;
    audit.lost_events = 0;
    audit.unused_suppression_count = 0;
    return audit;
}

#endif
