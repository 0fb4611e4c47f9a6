/* Programs of every make, unwound after they have ended. */
#include "unwind_programs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#if defined __x86_64__
TestSuite(unwind, .timeout = 60, .init = setup, .fini = teardown);

Test(unwind, inlined_calls_have_their_own_frames_and_lines) {
    build("-g -O2");
    expect_taken("plain", plain);
}

Test(unwind, position_dependent_program) {
    build("-g -O2 -fno-pie -no-pie");
    expect_taken("plain", plain);
}

Test(unwind, static_program) {
    build("-g -O2 -static");
    expect_taken("plain", plain);
}

Test(unwind, static_position_independent_program) {
    build("-g -O2 -static-pie");
    expect_taken("plain", plain);
}

Test(unwind, older_debug_format) {
    build("-gdwarf-4 -O2");
    expect_taken("plain", plain);
}

Test(unwind, compressed_debug_information) {
    build("-g -O2 -gz=zlib");
    expect_taken("plain", plain);
}

Test(unwind, rules_only_for_debuggers) {
    build("-g -O2 -fno-asynchronous-unwind-tables -fno-unwind-tables");
    expect_taken("plain", plain);
}

Test(unwind, symbols_where_there_is_no_debug_information) {
    build("-g0 -O2");
    expect_taken("plain", symbols);
}

Test(unwind, frame_pointers_where_there_are_no_rules) {
    build("-g0 -O2 -fno-omit-frame-pointer -fno-asynchronous-unwind-tables -fno-unwind-tables");
    expect_taken("plain", symbols);
}

Test(unwind, without_optimisation) {
    build("-g -O0");
    expect_taken("plain", plain);
}

Test(unwind, threads_end_at_their_function) {
    static const struct expected stack[] = {{"take", "take", false},     {"inner", "inner", true},
                                            {"middle", "middle", true},  {"outer", "outer", false},
                                            {"thread", "thread", false}, {0}};
    build("-g -O2");
    expect_taken("thread", stack);
}

Test(unwind, interrupted_code_is_named_by_its_own_line) {
    build("-g -O2");
    expect_taken("signal", handled);
}

Test(unwind, a_handler_that_returns_to_code_without_rules) {
    build("-g -O2");
    expect_taken("signal rt", handled);
}

Test(unwind, calls_through_a_library_are_followed) {
    struct fp_unwinder *unwinder = open_unwinder();
    struct taken taken;
    struct fp_stack stack;
    build("-g -O2");
    take(&taken, "library");
    cr_assert_eq(unwind(unwinder, &taken, &stack), 0);
    print_stack(&stack);
    cr_assert_geq(stack.count, 7);
    expect_frame(&stack.frames[4], &(struct expected){"compare", "compare", false});
    expect_frame(&stack.frames[stack.count - 1], &(struct expected){"main", "sorter", false});
    for (size_t i = 5; i < stack.count - 1; i++)
        cr_expect(strstr(stack.frames[i].module, "/libc.so"), "%s", stack.frames[i].module);
    fp_stack_free(&stack);
    taken_free(&taken);
    fp_unwind_close(unwinder);
}

Test(unwind, separate_debug_file_is_found_by_link) {
    build("-g -O2 -Wl,--build-id=none");
    cr_assert_eq(shell("cd %s && objcopy --only-keep-debug subject subject.debug && "
                       "strip subject && objcopy --add-gnu-debuglink=subject.debug subject",
                       directory),
                 0);
    expect_taken("plain", plain);
    /* Another one of that name is not believed. */
    struct taken taken;
    struct fp_stack stack;
    struct fp_unwinder *unwinder = open_unwinder();
    cr_assert_eq(shell("cd %s && objcopy --add-section .x=/etc/passwd subject.debug", directory),
                 0);
    take(&taken, "plain");
    cr_assert_eq(unwind(unwinder, &taken, &stack), 0);
    cr_expect_null(stack.frames[0].function);
    cr_expect_eq(stack.frames[0].line, 0);
    fp_stack_free(&stack);
    taken_free(&taken);
    fp_unwind_close(unwinder);
}

Test(unwind, separate_debug_file_is_found_by_build_id) {
    struct taken taken;
    struct fp_stack stack;
    char debug[128];
    build("-g -O2 -Wl,--build-id=0xabcdef0123456789");
    cr_assert_eq(shell("cd %s && mkdir -p debug/.build-id/ab && objcopy --only-keep-debug subject "
                       "debug/.build-id/ab/cdef0123456789.debug && strip subject",
                       directory),
                 0);
    snprintf(debug, sizeof debug, "%s/debug", directory);
    struct fp_unwinder *unwinder =
        fp_unwind_open(&(struct fp_unwind_options){.debug_directory = debug});
    take(&taken, "plain");
    cr_assert_eq(unwind(unwinder, &taken, &stack), 0);
    expect_stack(&stack, plain);
    fp_stack_free(&stack);
    taken_free(&taken);
    fp_unwind_close(unwinder);
}

Test(unwind, stripped_program_has_module_and_offset) {
    struct fp_unwinder *unwinder = open_unwinder();
    struct taken taken;
    struct fp_stack stack;
    char subject[128], from[128], to[64];
    size_t length;
    snprintf(subject, sizeof subject, "%s/subject", directory);
    build("-g0 -O2");
    cr_assert_eq(
        shell("cd %s && nm subject | sed -n 's/ T main//p' > main && strip subject", directory), 0);
    take(&taken, "plain");
    cr_assert_eq(unwind(unwinder, &taken, &stack), 0);
    print_stack(&stack);
    cr_assert_eq(stack.count, 3, "the start of the program is left out");
    for (size_t i = 0; i < stack.count; i++) {
        cr_expect_null(stack.frames[i].function);
        cr_expect_null(stack.frames[i].file);
        cr_expect_str_eq(stack.frames[i].module, subject);
    }
    /* Offsets are the linker's: what nm and addr2line say. */
    snprintf(from, sizeof from, "%s/main", directory);
    char *text = slurp(from, &length);
    snprintf(to, sizeof to, "%.60s", text);
    uint64_t at = strtoull(to, NULL, 16);
    cr_expect(stack.frames[2].offset > at && stack.frames[2].offset < at + 400);
    cr_expect_null(stack.trouble, "%s", stack.trouble);
    free(text);
    fp_stack_free(&stack);
    taken_free(&taken);
    fp_unwind_close(unwinder);
}

Test(unwind, short_slice_is_said_to_be_cut) {
    struct fp_unwinder *unwinder = open_unwinder();
    struct taken taken;
    struct fp_stack stack;
    build("-g -O2");
    take(&taken, "deep 256");
    cr_assert_eq(unwind(unwinder, &taken, &stack), 0);
    print_stack(&stack);
    cr_expect(stack.is_cut);
    cr_expect_gt(stack.count, 4);
    cr_expect_lt(stack.count, 24);
    expect_frame(&stack.frames[4], &(struct expected){"deep", "bottom", false});
    expect_frame(&stack.frames[5], &(struct expected){"deep", "deep", false});
    fp_stack_free(&stack);
    taken.slice.size = 0;
    cr_assert_eq(unwind(unwinder, &taken, &stack), 0);
    cr_expect(stack.is_cut);
    cr_expect_eq(stack.count, 1);
    cr_expect_str_eq(stack.frames[0].function, "take");
    fp_stack_free(&stack);
    taken_free(&taken);
    fp_unwind_close(unwinder);
}

Test(unwind, depth_is_bounded) {
    struct fp_unwinder *unwinder = open_unwinder();
    struct taken taken;
    struct fp_stack stack;
    build("-g -O0");
    take(&taken, "deep");
    cr_assert_eq(unwind(unwinder, &taken, &stack), 0);
    cr_expect(stack.is_cut);
    cr_expect_geq(stack.count, FP_UNWIND_DEPTH);
    cr_expect_lt(stack.count, FP_UNWIND_DEPTH + 8);
    fp_stack_free(&stack);
    taken_free(&taken);
    fp_unwind_close(unwinder);
}

static void expect_offsets_only(const struct taken *taken, const char *what) {
    struct fp_unwinder *unwinder = open_unwinder();
    struct fp_stack stack;
    cr_assert_eq(unwind(unwinder, taken, &stack), 0);
    print_stack(&stack);
    cr_assert_geq(stack.count, 1);
    cr_expect_null(stack.frames[0].function);
    cr_expect_null(stack.frames[0].file);
    cr_expect(strstr(stack.frames[0].module, "/subject"));
    cr_expect_null(strstr(stack.frames[0].module, "deleted"));
    cr_expect(stack.trouble && strstr(stack.trouble, what), "%s", stack.trouble);
    fp_stack_free(&stack);
    fp_unwind_close(unwinder);
}

/* Gives every mapping of the subject a build-id, or another path. */
static void claim(struct taken *taken, const uint8_t *id, size_t size, const char *path) {
    for (size_t i = 0; i < taken->mapping_count; i++) {
        struct fp_mapping *m = &taken->mappings[i];
        if (m->path && strstr(m->path, "/subject")) {
            m->build_id = id;
            m->build_id_size = size;
            m->path = path ? path : m->path;
        }
    }
}

Test(unwind, replaced_program_is_not_believed) {
    static const uint8_t id[] = {1, 2, 3, 4};
    char deleted[128];
    struct taken taken;
    snprintf(deleted, sizeof deleted, "%s/subject (deleted)", directory);
    build("-g -O2 -Wl,--build-id=0x01020304");
    take(&taken, "plain");
    claim(&taken, id, sizeof id, deleted);
    struct fp_unwinder *unwinder = open_unwinder();
    struct fp_stack stack;
    cr_assert_eq(unwind(unwinder, &taken, &stack), 0);
    expect_stack(&stack, plain);
    fp_stack_free(&stack);
    fp_unwind_close(unwinder);
    claim(&taken, NULL, 0, deleted);
    expect_offsets_only(&taken, "was replaced");
    build("-g -O2 -Wl,--build-id=0x01020305");
    claim(&taken, id, sizeof id, NULL);
    expect_offsets_only(&taken, "was replaced: its build-id differs");
    cr_assert_eq(shell("rm %s/subject", directory), 0);
    expect_offsets_only(&taken, "is gone");
    taken_free(&taken);
}

Test(unwind, what_is_not_a_regular_file_is_not_opened) {
    char path[128];
    struct taken taken;
    build("-g -O2");
    take(&taken, "plain");
    snprintf(path, sizeof path, "%s/subject.not", directory);
    claim(&taken, NULL, 0, path);
    cr_assert_eq(mkfifo(path, 0600), 0);
    expect_offsets_only(&taken, "is not a regular file");
    cr_assert_eq(shell("rm %s && mkdir %s", path, path), 0);
    expect_offsets_only(&taken, "is not a regular file");
    cr_assert_eq(shell("rmdir %s && ln -s /dev/zero %s", path, path), 0);
    expect_offsets_only(&taken, "is not a regular file");
    cr_assert_eq(shell("rm %s && ln -s subject.not %s", path, path), 0);
    expect_offsets_only(&taken, "cannot be opened");
    cr_assert_eq(shell("rm %s && truncate -s 1T %s", path, path), 0);
    expect_offsets_only(&taken, "is too large");
    cr_assert_eq(shell("echo 'no image, but long enough' > %s", path), 0);
    expect_offsets_only(&taken, "is not an image");
    cr_assert_eq(shell("head -c 200 %s/subject > %s", directory, path), 0);
    struct fp_unwinder *unwinder = open_unwinder();
    struct fp_stack stack;
    cr_expect_eq(unwind(unwinder, &taken, &stack), 0);
    fp_stack_free(&stack);
    fp_unwind_close(unwinder);
    taken_free(&taken);
}

Test(unwind, own_library_is_left_out) {
    struct taken taken;
    struct fp_stack stack;
    char path[128];
    snprintf(path, sizeof path, "%s/libforkproof-audit.so", directory);
    build("-g -O2");
    cr_assert_eq(shell("cp %s/subject %s", directory, path), 0);
    take(&taken, "library");
    claim(&taken, NULL, 0, path);
    struct fp_unwinder *unwinder = open_unwinder();
    cr_assert_eq(unwind(unwinder, &taken, &stack), 0);
    print_stack(&stack);
    for (size_t i = 0; i < stack.count; i++)
        cr_expect_null(strstr(stack.frames[i].module, "libforkproof"));
    fp_stack_free(&stack);
    taken_free(&taken);
    fp_unwind_close(unwinder);
}

Test(unwind, sources_below_the_directory_are_relative) {
    struct taken taken;
    struct fp_stack stack;
    cr_assert_eq(shell("mkdir -p %s/src %s/build && cp %s %s/src/a.c && cd %s/build && "
                       "cc -g -O2 -D_GNU_SOURCE -pthread -o ../subject ../src/a.c",
                       directory, directory, subject_source(), directory, directory),
                 0);
    take(&taken, "plain");
    struct fp_unwinder *unwinder = open_unwinder();
    cr_assert_eq(unwind(unwinder, &taken, &stack), 0);
    cr_expect_str_eq(stack.frames[0].file, "src/a.c");
    cr_expect_str_eq(stack.frames[1].file, "src/a.c");
    fp_stack_free(&stack);
    taken_free(&taken);
    fp_unwind_close(unwinder);
}

/* Every run has other addresses; what is known of a program is known for all of them. */
Test(unwind, many_stacks_cost_little) {
    struct taken taken[2];
    struct fp_stack stack;
    struct timespec start, end;
    build("-g -O2");
    take(&taken[0], "plain");
    take(&taken[1], "library");
    struct fp_unwinder *unwinder = open_unwinder();
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
    for (int i = 0; i < 10000; i++) {
        cr_assert_eq(unwind(unwinder, &taken[i % 2], &stack), 0);
        cr_assert_geq(stack.count, 5);
        cr_assert_str_eq(stack.frames[stack.count - 1].function, "main");
        fp_stack_free(&stack);
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    double seconds =
        (double)(end.tv_sec - start.tv_sec) + 1e-9 * (double)(end.tv_nsec - start.tv_nsec);
    fprintf(stderr, "10,000 stacks: %.3f s\n", seconds);
    cr_expect_lt(seconds, 20.0);
    fp_unwind_close(unwinder);
    taken_free(&taken[0]);
    taken_free(&taken[1]);
}
#endif
