/*
 * Steps that no rules tell of: out of a signal's handler where what it returns to is known by its
 * code (musl's has no rules), and out of the kernel's image for 32-bit programs, which we do not
 * have, by what lies on the stack. Source: arch/x86/include/asm/sigframe.h, uapi/asm/sigcontext.h,
 * arch/x86/entry/vdso/vdso32.
 */
#include <elf.h>

#include "unwind_step.h"

/* By DWARF number, the program counter last; where a context has them. */
static const unsigned char in_context_i386[] = {44, 40, 36, 32, 28, 24, 20, 16, 56};
static const unsigned char in_context_x86_64[] = {104, 96, 112, 88, 72, 64, 80, 120, 0,
                                                  8,   16, 24,  32, 40, 48, 56, 128};
enum { SIGNALS = 64 };

/* The calls of rt_sigreturn, sigreturn and rt_sigreturn. */
static const struct {
    unsigned machine, size;
    unsigned char bytes[9];
} returns[] = {{EM_X86_64, 9, {0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 0x05}},
               {EM_386, 8, {0x58, 0xb8, 119, 0, 0, 0, 0xcd, 0x80}},
               {EM_386, 7, {0xb8, 173, 0, 0, 0, 0xcd, 0x80}}};

static bool is_sigreturn(struct fp_memory *memory, const struct fp_cpu *cpu) {
    for (size_t i = 0; i < sizeof returns / sizeof *returns; i++) {
        unsigned at = 0;
        uint64_t byte;
        if (returns[i].machine != cpu->machine->number)
            continue;
        while (at < returns[i].size && fp_memory_read(memory, cpu->pc + at, 1, &byte) &&
               byte == returns[i].bytes[at])
            at++;
        if (at == returns[i].size)
            return true;
    }
    return false;
}

/*
 * What the handler has returned from begins on top of the stack. Of a 64-bit program that is a
 * ucontext_t. Of a 32-bit one it is the number of the signal; a handler that gets a siginfo_t has
 * two more arguments, pointers to what follows: that, and behind it a ucontext_t. To all others
 * follows the context itself. 0: neither.
 */
static uint64_t find_context(struct fp_memory *memory, const struct fp_cpu *cpu) {
    uint64_t signal, info, context, sp = cpu->value[cpu->machine->sp];
    if (cpu->machine->number == EM_X86_64)
        return sp + 40;
    if (!fp_memory_read(memory, sp, 4, &signal) || signal == 0 || signal > SIGNALS ||
        !fp_memory_read(memory, sp + 4, 4, &info) || !fp_memory_read(memory, sp + 8, 4, &context))
        return 0;
    return info == sp + 12 && context == info + 128 ? context + 20 : sp + 4;
}

static enum fp_step finish(const struct fp_memory *memory, bool is_known, struct fp_cpu *next,
                           uint64_t pc, bool is_signal, struct fp_cpu *cpu) {
    enum fp_step step = is_known            ? fp_step_arrive(next, cpu, pc, is_signal)
                        : memory->is_beyond ? FP_STEP_CUT
                                            : FP_STEP_LOST;
    if (step == FP_STEP_CALLER)
        *cpu = *next;
    return step;
}

static enum fp_step out_of_handler(struct fp_memory *memory, struct fp_cpu *cpu) {
    const struct fp_machine *machine = cpu->machine;
    const unsigned char *in_context =
        machine->number == EM_386 ? in_context_i386 : in_context_x86_64;
    struct fp_cpu next = *cpu;
    uint64_t context = find_context(memory, cpu);
    bool is_known = context != 0;
    for (unsigned i = 0; is_known && i <= machine->pc; i++)
        is_known = fp_memory_read(memory, context + in_context[i], machine->word, &next.value[i]);
    next.known = machine->all;
    return finish(memory, is_known, &next, next.value[machine->pc], true, cpu);
}

/* It has pushed ecx, edx and ebp, and waits. */
static enum fp_step out_of_call(struct fp_memory *memory, struct fp_cpu *cpu) {
    const struct fp_machine *machine = cpu->machine;
    struct fp_cpu next = *cpu;
    uint64_t pc = 0, sp = cpu->value[machine->sp];
    bool is_known = fp_memory_read(memory, sp, 4, &next.value[machine->fp]) &&
                    fp_memory_read(memory, sp + 12, 4, &pc);
    if (is_known && !fp_is_behind_call(memory, cpu, pc))
        return FP_STEP_LOST;
    next.value[machine->sp] = sp + 16;
    next.known = machine->kept;
    return finish(memory, is_known, &next, pc, false, cpu);
}

enum fp_step fp_step_by_signal(struct fp_memory *memory, bool is_kernel, struct fp_cpu *cpu,
                               bool *ret_is_signal) {
    memory->is_beyond = false;
    bool is_handler = cpu->is_return && (is_kernel || is_sigreturn(memory, cpu));
    enum fp_step step = is_handler  ? out_of_handler(memory, cpu)
                        : is_kernel ? out_of_call(memory, cpu)
                                    : FP_STEP_LOST;
    *ret_is_signal = is_handler && step == FP_STEP_CALLER;
    return step;
}
