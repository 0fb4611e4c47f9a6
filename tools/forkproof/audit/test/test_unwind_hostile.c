/* Registers, stacks, mappings and images that no honest program has: nothing may crash or hang. */
#include "unwind_programs.h"

#include <errno.h>

#if defined __x86_64__
TestSuite(unwind_hostile, .timeout = 100, .init = setup, .fini = teardown);

static uint64_t state = 88172645463325252u;

/* The same at each run. */
static uint64_t next_random(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void expect_sane(const struct fp_stack *stack) {
    cr_assert_leq(stack->count, FP_UNWIND_DEPTH * 33);
    for (size_t i = 0; i < stack->count; i++) {
        const struct fp_frame *f = &stack->frames[i];
        cr_assert_eq(f->line == 0, f->file == NULL);
        cr_assert(!f->is_inlined || i + 1 < stack->count);
    }
}

static void unwind_once(struct fp_unwinder *unwinder, const struct taken *taken) {
    struct fp_stack stack;
    cr_assert_eq(unwind(unwinder, taken, &stack), 0);
    expect_sane(&stack);
    fp_stack_free(&stack);
}

Test(unwind_hostile, random_registers_and_slices) {
    struct fp_unwinder *unwinder = open_unwinder();
    struct taken taken;
    build("-g -O2");
    take(&taken, "plain");
    unsigned char *bytes = malloc(taken.slice.size);
    cr_assert(bytes);
    struct taken wild = taken;
    wild.slice.bytes = bytes;
    for (int i = 0; i < 3000; i++) {
        wild.registers = taken.registers;
        wild.slice.address = taken.slice.address;
        memcpy(bytes, taken.slice.bytes, taken.slice.size);
        for (uint64_t n = next_random() % 20; n > 0; n--)
            wild.registers.value[next_random() % 16] =
                n & 1 ? next_random() : taken.slice.address + next_random() % 512;
        const struct fp_mapping *m = &taken.mappings[next_random() % taken.mapping_count];
        if (i % 3 == 0)
            wild.registers.pc = m->start + next_random() % (m->end - m->start);
        if (i % 7 == 0)
            wild.registers.pc = next_random();
        if (i % 11 == 0)
            wild.slice.address = UINT64_MAX - next_random() % 100;
        for (uint64_t n = next_random() % 200; n > 0; n--) {
            uint64_t word = m->start + next_random() % (m->end - m->start);
            size_t at = next_random() % 1024 & ~7u;
            if (at + 8 < taken.slice.size)
                memcpy(bytes + at, &word, 8);
        }
        wild.registers.is_return = i & 1;
        wild.registers.machine = i % 5 ? EM_X86_64 : EM_386;
        unwind_once(unwinder, &wild);
    }
    wild.registers.machine = EM_MIPS;
    struct fp_stack stack;
    cr_expect_eq(unwind(unwinder, &wild, &stack), -EINVAL);
    fp_unwind_close(unwinder);
    free(bytes);
    taken_free(&taken);
}

/* Each return address leads back into the same function, for ever. */
Test(unwind_hostile, endless_stack_ends) {
    struct fp_unwinder *unwinder = open_unwinder();
    struct taken taken;
    struct fp_stack stack;
    build("-g -O0");
    take(&taken, "deep");
    size_t size = 1 << 20;
    uint64_t *words = malloc(size);
    cr_assert(words);
    for (size_t i = 0; i < size / 8; i++)
        words[i] = i & 1 ? taken.registers.pc : taken.slice.address + 8 * (i + 2);
    taken.slice.bytes = words;
    taken.slice.size = size;
    taken.registers.value[6] = taken.slice.address;
    cr_assert_eq(unwind(unwinder, &taken, &stack), 0);
    cr_expect(stack.is_cut);
    cr_expect_eq(stack.count, FP_UNWIND_DEPTH);
    fp_stack_free(&stack);
    /* A chain of frame pointers that leads back to itself ends at once. */
    for (size_t i = 0; i < size / 8; i++)
        words[i] = i & 1 ? taken.registers.pc : taken.slice.address;
    cr_assert_eq(unwind(unwinder, &taken, &stack), 0);
    cr_expect_lt(stack.count, 4);
    fp_stack_free(&stack);
    fp_unwind_close(unwinder);
    free(words);
    taken_free(&taken);
}

Test(unwind_hostile, mappings_that_no_kernel_shows) {
    struct fp_unwinder *unwinder = open_unwinder();
    struct taken taken;
    static const char *const paths[] = {"",
                                        "/",
                                        "[",
                                        "[vdso]",
                                        "[heap]",
                                        "relative",
                                        "/proc/self/mem",
                                        "/dev/null",
                                        "/dev/tty",
                                        " (deleted)",
                                        "/proc/self/maps",
                                        "/etc/passwd",
                                        "//anon"};
    static const uint8_t id[100] = {1};
    build("-g -O2");
    take(&taken, "plain");
    for (int i = 0; i < 2000; i++) {
        struct taken wild = taken;
        struct fp_mapping mappings[64];
        wild.mapping_count = next_random() % 64;
        wild.mappings = mappings;
        for (size_t n = 0; n < wild.mapping_count; n++) {
            mappings[n] = taken.mappings[next_random() % taken.mapping_count];
            if (next_random() % 4 == 0)
                mappings[n].path = paths[next_random() % (sizeof paths / sizeof *paths)];
            if (next_random() % 4 == 0)
                mappings[n].start = next_random() % 2 ? 0 : taken.slice.address;
            if (next_random() % 4 == 0)
                mappings[n].end = next_random() % 2 ? UINT64_MAX : next_random();
            if (next_random() % 4 == 0)
                mappings[n].offset = next_random() >> next_random() % 64;
            if (next_random() % 4 == 0) {
                mappings[n].build_id = id;
                mappings[n].build_id_size = next_random() % sizeof id;
            }
        }
        unwind_once(unwinder, &wild);
    }
    fp_unwind_close(unwinder);
    taken_free(&taken);
}

/* libdw would read on behind them. */
Test(unwind_hostile, strings_without_an_end) {
    struct fp_unwinder *unwinder = open_unwinder();
    struct taken taken;
    struct fp_stack stack;
    build("-gdwarf-5 -O2");
    take(&taken, "plain");
    cr_assert_eq(shell("cd %s && objcopy --dump-section .debug_line_str=s subject && "
                       "truncate -s -1 s && objcopy --update-section .debug_line_str=s subject",
                       directory),
                 0);
    cr_assert_eq(unwind(unwinder, &taken, &stack), 0);
    cr_assert_eq(stack.count, 3);
    cr_expect_str_eq(stack.frames[1].function, "outer");
    cr_expect_null(stack.frames[1].file);
    fp_stack_free(&stack);
    fp_unwind_close(unwinder);
    taken_free(&taken);
}

/* The program's own file, damaged in every part in turn: its header most of all. */
Test(unwind_hostile, damaged_images) {
    struct taken taken;
    char path[128];
    size_t length;
    build("-g -O2");
    take(&taken, "plain");
    snprintf(path, sizeof path, "%s/subject", directory);
    char *image = slurp(path, &length), *copy = malloc(length);
    cr_assert(copy);
    for (int i = 0; i < 1500; i++) {
        memcpy(copy, image, length);
        size_t part = i % 3 == 0 ? 1024 : length;
        for (uint64_t n = 1 + next_random() % 64; n > 0; n--)
            copy[next_random() % part] =
                (char)(next_random() % 3 ? next_random() : 0xff * (next_random() % 2));
        size_t kept = i % 5 == 0 ? next_random() % length : length;
        FILE *file = fopen(path, "w");
        cr_assert(file);
        cr_assert_eq(fwrite(copy, 1, kept, file), kept);
        fclose(file);
        struct fp_unwinder *unwinder = open_unwinder();
        unwind_once(unwinder, &taken);
        fp_unwind_close(unwinder);
    }
    free(copy);
    free(image);
    taken_free(&taken);
}
#endif
