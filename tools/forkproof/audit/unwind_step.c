#include "unwind_step.h"

#include <elf.h>
#include <stdlib.h>

/* By DWARF number. */
enum { X86_RBP = 6, X86_RSP = 7, X86_RIP = 16, ARM_FP = 29, ARM_LR = 30, ARM_SP = 31 };

static unsigned stack_pointer(const struct fp_cpu *cpu) {
    return cpu->machine == EM_X86_64 ? X86_RSP : ARM_SP;
}

static enum fp_step lost(const struct fp_memory *memory) {
    return memory->is_beyond ? FP_STEP_CUT : FP_STEP_LOST;
}

static int find_cfa(Dwarf_Frame *frame, uint64_t bias, const struct fp_cpu *cpu,
                    struct fp_memory *memory, uint64_t *ret) {
    struct fp_expression expression = {.bias = bias};
    Dwarf_Op *ops;
    bool is_value;
    if (dwarf_frame_cfa(frame, &ops, &expression.count) != 0)
        return -1;
    expression.ops = ops;
    return fp_expression_evaluate(&expression, cpu, memory, ret, &is_value);
}

enum recovered { UNKNOWN, UNDEFINED, KNOWN };

/* The caller's value of a register. */
static enum recovered recover(Dwarf_Frame *frame, uint64_t bias, unsigned number, uint64_t cfa,
                              const struct fp_cpu *cpu, struct fp_memory *memory, uint64_t *ret) {
    struct fp_expression expression = {.bias = bias, .cfa = &cfa};
    Dwarf_Op place[3], *ops;
    bool is_value;
    if (dwarf_frame_register(frame, (int)number, place, &ops, &expression.count) != 0)
        return UNKNOWN;
    if (expression.count == 0) {
        *ret = cpu->value[number];
        return ops ? UNDEFINED : cpu->known >> number & 1 ? KNOWN : UNKNOWN;
    }
    expression.ops = ops;
    if (fp_expression_evaluate(&expression, cpu, memory, ret, &is_value) < 0)
        return UNKNOWN;
    return is_value || fp_memory_read(memory, *ret, 8, ret) ? KNOWN : UNKNOWN;
}

/* The registers that a call keeps, and those that say where it returns to. */
static bool is_wanted(const struct fp_cpu *cpu, unsigned number, bool is_signal) {
    if (cpu->machine == EM_X86_64)
        return number <= X86_RIP &&
               (is_signal || number == 3 || number == X86_RBP || number == X86_RSP || number >= 12);
    return number <= ARM_SP && (is_signal || number >= 19);
}

/* Each caller lies further out on the one stack: what does not cannot go on for ever. */
static enum fp_step arrive(struct fp_cpu *next, const struct fp_cpu *cpu, uint64_t pc,
                           bool is_signal) {
    unsigned sp = stack_pointer(cpu);
    uint64_t from = cpu->value[sp], to = next->value[sp];
    if (pc == 0)
        return FP_STEP_END;
    if (to < from || (to == from && pc == cpu->pc))
        return FP_STEP_LOST;
    next->pc = pc;
    next->value[X86_RIP] = cpu->machine == EM_X86_64 ? pc : next->value[X86_RIP];
    next->is_return = !is_signal;
    return FP_STEP_CALLER;
}

static enum fp_step apply(Dwarf_Frame *frame, uint64_t bias, unsigned link, bool is_signal,
                          struct fp_memory *memory, struct fp_cpu *cpu) {
    struct fp_cpu next = *cpu;
    uint64_t cfa, pc = 0;
    unsigned sp = stack_pointer(cpu);
    if (find_cfa(frame, bias, cpu, memory, &cfa) < 0)
        return lost(memory);
    next.known = 0;
    for (unsigned i = 0; i < FP_REGISTER_MOST; i++) {
        if (!is_wanted(cpu, i, is_signal) && i != link)
            continue;
        uint64_t value;
        enum recovered r = recover(frame, bias, i, cfa, cpu, memory, &value);
        if (i == link && r == UNDEFINED)
            return FP_STEP_END;
        if (i == link && r == UNKNOWN)
            return lost(memory);
        if (i == link)
            pc = value;
        if (r == KNOWN) {
            next.value[i] = value;
            next.known |= UINT64_C(1) << i;
        }
    }
    if (!(next.known >> sp & 1)) {
        next.value[sp] = cfa;
        next.known |= UINT64_C(1) << sp;
    }
    enum fp_step step = arrive(&next, cpu, pc, is_signal);
    if (step == FP_STEP_CALLER)
        *cpu = next;
    return step;
}

enum fp_step fp_step_by_rules(Dwarf_CFI *rules, uint64_t address, uint64_t bias,
                              struct fp_memory *memory, struct fp_cpu *cpu, bool *ret_is_signal) {
    Dwarf_Frame *frame;
    *ret_is_signal = false;
    if (!rules || dwarf_cfi_addrframe(rules, address, &frame) != 0)
        return FP_STEP_LOST;
    int link = dwarf_frame_info(frame, NULL, NULL, ret_is_signal);
    memory->is_beyond = false;
    enum fp_step step = FP_STEP_LOST;
    if (link >= 0 && link < FP_REGISTER_MOST)
        step = apply(frame, bias, (unsigned)link, *ret_is_signal, memory, cpu);
    free(frame);
    return step;
}

/* E8 rel32, or FF /2 with its operand in a register, in memory, with a displacement. */
static bool is_behind_call(struct fp_memory *memory, const struct fp_cpu *cpu, uint64_t pc) {
    static const unsigned lengths[] = {2, 3, 4, 6, 7};
    uint64_t byte, operand;
    if (!memory->is_code(memory->arg, pc - 1))
        return false;
    if (cpu->machine != EM_X86_64)
        return true;
    if (fp_memory_read(memory, pc - 5, 1, &byte) && byte == 0xe8)
        return true;
    for (unsigned i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        if (fp_memory_read(memory, pc - lengths[i], 1, &byte) && byte == 0xff &&
            fp_memory_read(memory, pc - lengths[i] + 1, 1, &operand) && (operand >> 3 & 7) == 2)
            return true;
    }
    return false;
}

enum fp_step fp_step_by_pointer(struct fp_memory *memory, struct fp_cpu *cpu) {
    bool is_x86 = cpu->machine == EM_X86_64;
    unsigned fp = is_x86 ? X86_RBP : ARM_FP, sp = stack_pointer(cpu);
    uint64_t pc, outer;
    struct fp_cpu next = *cpu;
    memory->is_beyond = false;
    if (!(cpu->known >> fp & 1) || cpu->value[fp] < cpu->value[sp])
        return FP_STEP_LOST;
    if (!fp_memory_read(memory, cpu->value[fp], 8, &outer) ||
        !fp_memory_read(memory, cpu->value[fp] + 8, 8, &pc))
        return lost(memory);
    if (pc == 0)
        return FP_STEP_END;
    if (!is_behind_call(memory, cpu, pc))
        return FP_STEP_LOST;
    next.value[fp] = outer;
    next.value[sp] = cpu->value[fp] + 16;
    next.known = UINT64_C(1) << fp | UINT64_C(1) << sp;
    enum fp_step step = arrive(&next, cpu, pc, false);
    if (step == FP_STEP_CALLER)
        *cpu = next;
    return step;
}
