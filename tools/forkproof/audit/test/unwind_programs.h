/* Programs that are built by a test, run to their end, and unwound afterwards. */
#ifndef FP_UNWIND_PROGRAMS_H
#define FP_UNWIND_PROGRAMS_H

#include <criterion/criterion.h>
#include <elf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unwind.h"

static char directory[64];

struct taken {
    char *text; /* all of the file */
    struct fp_registers registers;
    struct fp_slice slice;
    struct fp_mapping *mappings;
    size_t mapping_count;
};

static inline void setup(void) {
    strcpy(directory, "/tmp/unwind.XXXXXX");
    cr_assert(mkdtemp(directory));
}

static inline int __attribute__((format(printf, 1, 2))) shell(const char *format, ...) {
    char command[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static inline void teardown(void) {
    cr_expect_eq(shell("rm -rf %s", directory), 0);
}

static inline const char *subject_source(void) {
    static char path[1024];
    snprintf(path, sizeof path, "%.*sunwind_subject.c",
             (int)(strrchr(__FILE__, '/') + 1 - __FILE__), __FILE__);
    return path;
}

/* The number of the subject's line that ends in this mark. */
static inline unsigned line_of(const char *mark) {
    char line[512], wanted[64];
    unsigned number = 1;
    snprintf(wanted, sizeof wanted, "/* line: %s */", mark);
    FILE *source = fopen(subject_source(), "r");
    cr_assert(source);
    while (fgets(line, sizeof line, source) && !strstr(line, wanted))
        number++;
    cr_assert_not(feof(source), "no line is marked %s", mark);
    fclose(source);
    return number;
}

static inline void build(const char *flags) {
    cr_assert_eq(
        shell("cc -D_GNU_SOURCE %s -o %s/subject %s -pthread", flags, directory, subject_source()),
        0);
}

static inline char *slurp(const char *path, size_t *ret_length) {
    FILE *file = fopen(path, "r");
    cr_assert(file, "%s", path);
    char *text = malloc(1 << 20);
    cr_assert(text);
    *ret_length = fread(text, 1, (1 << 20) - 1, file);
    text[*ret_length] = '\0';
    fclose(file);
    return text;
}

/* Runs the subject and reads what it took. */
static inline void take(struct taken *ret, const char *arguments) {
    char path[128];
    size_t length, bad_line;
    struct {
        uint64_t machine, registers[33], pc, address, size;
    } head;
    snprintf(path, sizeof path, "%s/taken", directory);
    cr_assert_eq(shell("%s/subject %s %s", directory, path, arguments), 0);
    *ret = (struct taken){.text = slurp(path, &length)};
    memcpy(&head, ret->text, sizeof head);
    cr_assert_lt(head.size, length - sizeof head);
    ret->registers.machine = (unsigned)head.machine;
    ret->registers.pc = head.pc;
    memcpy(ret->registers.value, head.registers, sizeof ret->registers.value);
    ret->slice = (struct fp_slice){
        .address = head.address, .bytes = ret->text + sizeof head, .size = head.size};
    cr_assert_eq(fp_unwind_parse_maps(ret->text + sizeof head + head.size, &ret->mappings,
                                      &ret->mapping_count, &bad_line),
                 0);
}

static inline void taken_free(struct taken *taken) {
    free(taken->text);
    free(taken->mappings);
}

/* Not one with debug files of the system: what a test sees is the same everywhere. */
static inline struct fp_unwinder *open_unwinder(void) {
    struct fp_unwinder *unwinder = fp_unwind_open(&(struct fp_unwind_options){
        .directory = directory, .debug_directory = directory, .is_same_boot = true});
    cr_assert(unwinder);
    return unwinder;
}

static inline int unwind(struct fp_unwinder *unwinder, const struct taken *taken,
                         struct fp_stack *ret) {
    return fp_unwind(unwinder, &taken->registers, &taken->slice, taken->mappings,
                     taken->mapping_count, ret);
}

/* To be shown when a test fails. */
static inline void print_stack(const struct fp_stack *stack) {
    for (size_t i = 0; i < stack->count; i++) {
        const struct fp_frame *f = &stack->frames[i];
        fprintf(stderr, "#%zu %s %s:%u:%u %s+0x%llx%s\n", i, f->function ? f->function : "?",
                f->file ? f->file : "?", f->line, f->column, f->module ? f->module : "?",
                (unsigned long long)f->offset, f->is_inlined ? " (inlined)" : "");
    }
    fprintf(stderr, "%s%s\n", stack->is_cut ? "cut " : "", stack->trouble ? stack->trouble : "");
}

/* --- what stacks should be --- */

struct expected {
    const char *function, *mark; /* NULL function: not known; NULL mark: no line */
    bool is_inlined;
};

static const struct expected __attribute__((unused))
plain[] = {{"take", "take", false},   {"inner", "inner", true}, {"middle", "middle", true},
           {"outer", "outer", false}, {"main", "main", false},  {0}};

static const struct expected __attribute__((unused))
handled[] = {{"take", "take", false},        {"inner", "inner", true},
             {"middle", "middle", true},     {"outer", "outer", false},
             {"handler", "handler", true},   {"caught", "caught", false},
             {FP_SIGNAL_FRAME, NULL, false}, {"raiser", "raiser", false},
             {"main", "sender", false},      {0}};

static inline void expect_frame(const struct fp_frame *frame, const struct expected *expected) {
    cr_expect_str_eq(frame->function ? frame->function : "?", expected->function);
    cr_expect_eq(frame->is_inlined, expected->is_inlined, "%s", expected->function);
    if (expected->mark) {
        cr_expect_eq(frame->line, line_of(expected->mark), "%s: line %u", expected->function,
                     frame->line);
        cr_expect(frame->file && strstr(frame->file, "test/unwind_subject.c"), "%s", frame->file);
    } else {
        cr_expect_null(frame->file);
        cr_expect_eq(frame->line, 0);
    }
}

/* All of the stack is as expected, up to an entry without a function. */
static inline void expect_stack(const struct fp_stack *stack, const struct expected *expected) {
    size_t i = 0;
    for (; i < stack->count && expected[i].function; i++)
        expect_frame(&stack->frames[i], &expected[i]);
    cr_expect_null(expected[i].function, "%s is not there", expected[i].function);
    cr_expect_eq(stack->count, i);
    cr_expect_not(stack->is_cut);
    cr_expect_null(stack->trouble, "%s", stack->trouble);
    print_stack(stack);
}

static inline void expect_taken(const char *arguments, const struct expected *expected) {
    struct fp_unwinder *unwinder = open_unwinder();
    struct taken taken;
    struct fp_stack stack;
    take(&taken, arguments);
    cr_assert_eq(unwind(unwinder, &taken, &stack), 0);
    expect_stack(&stack, expected);
    fp_stack_free(&stack);
    taken_free(&taken);
    fp_unwind_close(unwinder);
}

static const struct expected __attribute__((unused))
symbols[] = {{"take", NULL, false}, {"outer", NULL, false}, {"main", NULL, false}, {0}};

#endif
