/* A stack of another machine than ours, put together by hand; one return address is signed. */
#include "unwind_programs.h"

TestSuite(unwind_aarch64, .timeout = 60, .init = setup, .fini = teardown);

/* leaf is at 0, middle at 8 with its call at 12, main at 28 with its call at 32. */
static const char program[] = ".text\n"
                              ".globl leaf, middle, main\n"
                              ".type leaf,%function\n.type middle,%function\n.type main,%function\n"
                              "leaf: .cfi_startproc\n"
                              "nop\n" /* line 7 */
                              "ret\n"
                              ".cfi_endproc\n.size leaf, .-leaf\n"
                              "middle: .cfi_startproc\n"
                              "stp x29, x30, [sp, #-32]!\n"
                              ".cfi_def_cfa_offset 32\n.cfi_offset x29, -32\n.cfi_offset x30, -24\n"
                              "bl leaf\n" /* line 16 */
                              "nop\n"
                              "ldp x29, x30, [sp], #32\n"
                              "ret\n"
                              ".cfi_endproc\n.size middle, .-middle\n"
                              "main: .cfi_startproc\n"
                              "stp x29, x30, [sp, #-16]!\n"
                              ".cfi_def_cfa_offset 16\n.cfi_offset x29, -16\n.cfi_offset x30, -8\n"
                              "bl middle\n" /* line 27 */
                              "nop\n"
                              ".cfi_endproc\n.size main, .-main\n";

static Elf64_Phdr code_segment(const char *path) {
    Elf64_Ehdr header;
    Elf64_Phdr segment = {0};
    size_t length;
    char *image = slurp(path, &length);
    memcpy(&header, image, sizeof header);
    for (size_t i = 0; i < header.e_phnum && !(segment.p_flags & PF_X); i++)
        memcpy(&segment, image + header.e_phoff + i * sizeof segment, sizeof segment);
    cr_assert(segment.p_flags & PF_X);
    free(image);
    return segment;
}

Test(unwind_aarch64, leaf_and_signed_return_address) {
    static const char *const names[] = {"leaf", "middle", "main"};
    static const unsigned lines[] = {7, 16, 27};
    const uint64_t base = 0xaaaac0de0000, sp = 0xffffc0de0000;
    char source[128], path[128];
    snprintf(source, sizeof source, "%s/arm.s", directory);
    snprintf(path, sizeof path, "%s/arm", directory);
    FILE *file = fopen(source, "w");
    cr_assert(file && fputs(program, file) >= 0 && fclose(file) == 0);
    if (shell("cd %s && { clang --target=aarch64-linux-gnu -g -c arm.s && "
              "ld.lld -pie --no-dynamic-linker -e main -o arm arm.o; } 2>/dev/null",
              directory) != 0)
        cr_skip_test("no assembler or linker for aarch64");
    Elf64_Phdr code = code_segment(path);
    struct fp_mapping mappings[] = {
        {.start = base, .end = base + 0x1000, .offset = code.p_offset, .path = path},
        {.start = sp & ~UINT64_C(0xfff), .end = sp + 0x1000, .path = "[stack]"}};
    uint64_t words[] = {0, (base + 36) | UINT64_C(0x2a) << 48, 0, 0, 0, 0};
    struct fp_slice slice = {.address = sp, .bytes = words, .size = sizeof words};
    struct fp_registers registers = {.machine = EM_AARCH64, .pc = base};
    registers.value[30] = base + 16;
    registers.value[31] = sp;
    struct fp_unwinder *unwinder = open_unwinder();
    struct fp_stack stack;
    cr_assert_eq(fp_unwind(unwinder, &registers, &slice, mappings, 2, &stack), 0);
    print_stack(&stack);
    cr_assert_eq(stack.count, 3);
    for (size_t i = 0; i < 3; i++) {
        cr_expect(stack.frames[i].function && strcmp(stack.frames[i].function, names[i]) == 0);
        cr_expect_eq(stack.frames[i].line, lines[i]);
        cr_expect_str_eq(stack.frames[i].file, "arm.s");
    }
    cr_expect_not(stack.is_cut);
    cr_expect_null(stack.trouble, "%s", stack.trouble);
    fp_stack_free(&stack);
    fp_unwind_close(unwinder);
}
