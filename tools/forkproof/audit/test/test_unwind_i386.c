/* Programs of the other class, unwound by a command of this one. */
#include "unwind_programs.h"

#if defined __x86_64__
static void begin(void) {
    setup();
    if (shell(
            "echo 'int main(void) { return 0; }' | "
            "cc -m32 -isystem /usr/include/x86_64-linux-gnu -x c - -o %s/try 2>/dev/null && %s/try",
            directory, directory) != 0)
        cr_skip_test("no compiler, libc or kernel for 32-bit programs");
}

TestSuite(unwind_i386, .timeout = 60, .init = begin, .fini = teardown);

static void build32(const char *flags) {
    char all[256];
    snprintf(all, sizeof all, "-m32 -isystem /usr/include/x86_64-linux-gnu %s", flags);
    build(all);
}

Test(unwind_i386, by_rules) {
    build32("-g -O2");
    expect_taken("plain", plain);
}

Test(unwind_i386, without_optimisation) {
    build32("-g -O0");
    expect_taken("plain", plain);
}

Test(unwind_i386, symbols_where_there_is_no_debug_information) {
    build32("-g0 -O2");
    expect_taken("plain", symbols);
}

Test(unwind_i386, frame_pointers_where_there_are_no_rules) {
    build32("-g0 -O2 -fno-omit-frame-pointer -fno-asynchronous-unwind-tables -fno-unwind-tables");
    expect_taken("plain", symbols);
}

Test(unwind_i386, threads_end_at_their_function) {
    static const struct expected stack[] = {{"take", "take", false},     {"inner", "inner", true},
                                            {"middle", "middle", true},  {"outer", "outer", false},
                                            {"thread", "thread", false}, {0}};
    build32("-g -O2");
    expect_taken("thread", stack);
}

/* What the handler returns to is in the kernel's image, which is in no file. */
Test(unwind_i386, out_of_a_handler) {
    build32("-g -O2");
    expect_taken("signal", handled);
    build32("-g -O2 -DHANDLER_FLAGS=SA_SIGINFO");
    expect_taken("signal", handled);
}

Test(unwind_i386, out_of_a_handler_that_returns_to_code_without_rules) {
    build32("-g -O2");
    expect_taken("signal rt", handled);
    expect_taken("signal old", handled);
}

Test(unwind_i386, out_of_a_call_that_a_signal_interrupts) {
    struct fp_unwinder *unwinder = open_unwinder();
    struct taken taken;
    struct fp_stack stack;
    build32("-g -O2");
    take(&taken, "interrupt");
    cr_assert_eq(unwind(unwinder, &taken, &stack), 0);
    print_stack(&stack);
    cr_assert_gt(stack.count, 8);
    cr_expect_str_eq(stack.frames[5].function, "caught");
    cr_expect_str_eq(stack.frames[6].function, FP_SIGNAL_FRAME);
    expect_frame(&stack.frames[stack.count - 1], &(struct expected){"main", "raise", false});
    cr_expect_null(stack.trouble, "%s", stack.trouble);
    fp_stack_free(&stack);
    taken_free(&taken);
    fp_unwind_close(unwinder);
}
#endif
