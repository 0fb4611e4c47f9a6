#include "unwind_step.h"

#include <elf.h>
#include <stdlib.h>

static const struct fp_machine machines[] = {
    {EM_386, .word = 4, .sp = 4, .fp = 5, .pc = 8, .all = 0x1ff, .kept = 0x1f8},
    {EM_X86_64, .word = 8, .sp = 7, .fp = 6, .pc = 16, .all = 0x1ffff, .kept = 0x1f0c8},
    {EM_AARCH64, .word = 8, .sp = 31, .fp = 29, .pc = FP_REGISTER_MOST, .all = 0xffffffff,
     .kept = 0xfff80000},
};

const struct fp_machine *fp_machine_find(unsigned number) {
    for (size_t i = 0; i < sizeof machines / sizeof *machines; i++)
        if (machines[i].number == number)
            return &machines[i];
    return NULL;
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
    return is_value || fp_memory_read(memory, *ret, cpu->machine->word, ret) ? KNOWN : UNKNOWN;
}

enum fp_step fp_step_arrive(struct fp_cpu *next, const struct fp_cpu *cpu, uint64_t pc,
                            bool is_signal) {
    const struct fp_machine *machine = cpu->machine;
    unsigned sp = machine->sp;
    uint64_t from = cpu->value[sp], to = next->value[sp];
    if (pc == 0)
        return FP_STEP_END;
    if (to < from || (to == from && pc == cpu->pc))
        return FP_STEP_LOST;
    next->pc = pc;
    if (machine->pc < FP_REGISTER_MOST)
        next->value[machine->pc] = pc;
    next->is_return = !is_signal;
    return FP_STEP_CALLER;
}

static enum fp_step apply(Dwarf_Frame *frame, uint64_t bias, unsigned link, bool is_signal,
                          struct fp_memory *memory, struct fp_cpu *cpu) {
    struct fp_cpu next = *cpu;
    const struct fp_machine *machine = cpu->machine;
    uint64_t cfa, pc = 0, wanted = is_signal ? machine->all : machine->kept;
    unsigned sp = machine->sp;
    if (find_cfa(frame, bias, cpu, memory, &cfa) < 0)
        return lost(memory);
    next.known = 0;
    for (unsigned i = 0; i < FP_REGISTER_MOST; i++) {
        if (!(wanted >> i & 1) && i != link)
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
    enum fp_step step = fp_step_arrive(&next, cpu, pc, is_signal);
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
bool fp_is_behind_call(struct fp_memory *memory, const struct fp_cpu *cpu, uint64_t pc) {
    static const unsigned lengths[] = {2, 3, 4, 6, 7};
    uint64_t byte, operand;
    if (!memory->is_code(memory->arg, pc - 1))
        return false;
    if (cpu->machine->number == EM_AARCH64)
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
    unsigned fp = cpu->machine->fp, sp = cpu->machine->sp, word = cpu->machine->word;
    uint64_t pc, outer;
    struct fp_cpu next = *cpu;
    memory->is_beyond = false;
    if (!(cpu->known >> fp & 1) || cpu->value[fp] < cpu->value[sp])
        return FP_STEP_LOST;
    if (!fp_memory_read(memory, cpu->value[fp], word, &outer) ||
        !fp_memory_read(memory, cpu->value[fp] + word, word, &pc))
        return lost(memory);
    if (pc == 0)
        return FP_STEP_END;
    if (!fp_is_behind_call(memory, cpu, pc))
        return FP_STEP_LOST;
    next.value[fp] = outer;
    next.value[sp] = cpu->value[fp] + 2 * (uint64_t)word;
    next.known = UINT64_C(1) << fp | UINT64_C(1) << sp;
    enum fp_step step = fp_step_arrive(&next, cpu, pc, false);
    if (step == FP_STEP_CALLER)
        *cpu = next;
    return step;
}
