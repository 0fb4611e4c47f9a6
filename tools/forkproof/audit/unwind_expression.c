/* The part of DWARF's stack machine that unwinding rules can hold. */
#include <dwarf.h>
#include <errno.h>

#include "unwind_step.h"

#define STACK_MOST 64
#define STEP_MOST 1000

struct machine {
    const struct fp_expression *expression;
    const struct fp_cpu *cpu;
    struct fp_memory *memory;
    uint64_t stack[STACK_MOST];
    size_t depth, at;
    bool is_value;
};

bool fp_memory_read(struct fp_memory *memory, uint64_t address, unsigned size, uint64_t *ret) {
    const struct fp_slice *slice = memory->slice;
    unsigned char bytes[8];
    const unsigned char *from = bytes;
    uint64_t at = address - slice->address, value = 0;
    if (address >= slice->address && at < slice->size && size <= slice->size - at) {
        from = (const unsigned char *)slice->bytes + at;
    } else if (!memory->read(memory->arg, address, bytes, size)) {
        memory->is_beyond |= address >= slice->address && address < memory->stack_end;
        return false;
    }
    for (unsigned i = 0; i < size; i++)
        value |= (uint64_t)from[i] << 8 * i;
    *ret = value;
    return true;
}

static bool push(struct machine *m, uint64_t value) {
    if (m->depth == STACK_MOST)
        return false;
    m->stack[m->depth++] = value;
    return true;
}

static bool push_register(struct machine *m, uint64_t number, uint64_t offset) {
    return number < FP_REGISTER_MOST && (m->cpu->known >> number & 1) &&
           push(m, m->cpu->value[number] + offset);
}

static bool pick(struct machine *m, uint64_t back) {
    return back < m->depth && push(m, m->stack[m->depth - 1 - back]);
}

static bool load(struct machine *m, uint64_t size) {
    return m->depth > 0 && size >= 1 && size <= 8 &&
           fp_memory_read(m->memory, m->stack[m->depth - 1], (unsigned)size,
                          &m->stack[m->depth - 1]);
}

static bool unary(struct machine *m, const Dwarf_Op *op) {
    if (m->depth < 1)
        return false;
    uint64_t *a = &m->stack[m->depth - 1];
    if (op->atom == DW_OP_plus_uconst)
        *a += op->number;
    else if (op->atom == DW_OP_not)
        *a = ~*a;
    else if (op->atom == DW_OP_neg || (int64_t)*a < 0) /* or DW_OP_abs */
        *a = -*a;
    return true;
}

static uint64_t shift_right(uint64_t a, uint64_t by, bool is_signed) {
    uint64_t sign = is_signed && a >> 63 ? UINT64_MAX : 0;
    return by > 63 ? sign : by ? a >> by | sign << (64 - by) : a;
}

static bool binary(struct machine *m, unsigned atom) {
    if (m->depth < 2)
        return false;
    uint64_t b = m->stack[--m->depth], *top = &m->stack[m->depth - 1], a = *top;
    int64_t sa = (int64_t)a, sb = (int64_t)b;
    switch (atom) {
    case DW_OP_and:
        *top = a & b;
        return true;
    case DW_OP_or:
        *top = a | b;
        return true;
    case DW_OP_xor:
        *top = a ^ b;
        return true;
    case DW_OP_plus:
        *top = a + b;
        return true;
    case DW_OP_minus:
        *top = a - b;
        return true;
    case DW_OP_mul:
        *top = a * b;
        return true;
    case DW_OP_shl:
        *top = b > 63 ? 0 : a << b;
        return true;
    case DW_OP_shr:
        *top = shift_right(a, b, false);
        return true;
    case DW_OP_shra:
        *top = shift_right(a, b, true);
        return true;
    case DW_OP_eq:
        *top = a == b;
        return true;
    case DW_OP_ne:
        *top = a != b;
        return true;
    case DW_OP_lt:
        *top = sa < sb;
        return true;
    case DW_OP_le:
        *top = sa <= sb;
        return true;
    case DW_OP_gt:
        *top = sa > sb;
        return true;
    case DW_OP_ge:
        *top = sa >= sb;
        return true;
    case DW_OP_mod:
        *top = b ? a % b : 0;
        return b != 0;
    case DW_OP_div:
        *top = sb == -1 ? -a : sb ? (uint64_t)(sa / sb) : 0;
        return sb != 0;
    default:
        return false;
    }
}

static bool exchange(struct machine *m, unsigned atom) {
    size_t n = atom == DW_OP_rot ? 3 : 2;
    if (m->depth < n)
        return false;
    uint64_t *s = &m->stack[m->depth - n], top = s[n - 1];
    for (size_t i = n - 1; i > 0; i--)
        s[i] = s[i - 1];
    s[0] = top;
    return true;
}

/* Targets are offsets in the encoded expression, from the operation that follows. */
static bool jump(struct machine *m, const Dwarf_Op *op) {
    const struct fp_expression *e = m->expression;
    uint64_t target = op->offset + 3 + op->number;
    for (size_t i = 0; i < e->count; i++) {
        if (e->ops[i].offset == target) {
            m->at = i;
            return true;
        }
    }
    return false;
}

static bool execute(struct machine *m, const Dwarf_Op *op) {
    unsigned atom = op->atom;
    if (atom >= DW_OP_lit0 && atom <= DW_OP_lit31)
        return push(m, atom - DW_OP_lit0);
    if (atom >= DW_OP_breg0 && atom <= DW_OP_breg31)
        return push_register(m, atom - DW_OP_breg0, op->number);
    if (atom >= DW_OP_reg0 && atom <= DW_OP_reg31)
        return m->is_value = true, push_register(m, atom - DW_OP_reg0, 0);
    if (atom >= DW_OP_const1u && atom <= DW_OP_consts)
        return push(m, op->number);
    switch (atom) {
    case DW_OP_addr:
        return push(m, op->number + m->expression->bias);
    case DW_OP_bregx:
        return push_register(m, op->number, op->number2);
    case DW_OP_regx:
        m->is_value = true;
        return push_register(m, op->number, 0);
    case DW_OP_call_frame_cfa:
        return m->expression->cfa && push(m, *m->expression->cfa);
    case DW_OP_stack_value:
        m->is_value = true;
        return true;
    case DW_OP_nop:
        return true;
    case DW_OP_dup:
        return pick(m, 0);
    case DW_OP_over:
        return pick(m, 1);
    case DW_OP_pick:
        return pick(m, op->number);
    case DW_OP_drop:
        return m->depth > 0 && m->depth--;
    case DW_OP_swap:
    case DW_OP_rot:
        return exchange(m, atom);
    case DW_OP_deref:
        return load(m, m->cpu->machine->word);
    case DW_OP_deref_size:
        return load(m, op->number);
    case DW_OP_abs:
    case DW_OP_neg:
    case DW_OP_not:
    case DW_OP_plus_uconst:
        return unary(m, op);
    case DW_OP_skip:
        return jump(m, op);
    case DW_OP_bra:
        return m->depth > 0 && (!m->stack[--m->depth] || jump(m, op));
    default:
        return binary(m, atom);
    }
}

int fp_expression_evaluate(const struct fp_expression *expression, const struct fp_cpu *cpu,
                           struct fp_memory *memory, uint64_t *ret, bool *ret_is_value) {
    struct machine m = {.expression = expression, .cpu = cpu, .memory = memory};
    for (unsigned steps = 0; m.at < expression->count; steps++) {
        if (steps == STEP_MOST || !execute(&m, &expression->ops[m.at++]))
            return -EINVAL;
    }
    if (m.depth == 0)
        return -EINVAL;
    *ret = m.stack[m.depth - 1];
    *ret_is_value = m.is_value;
    return 0;
}
