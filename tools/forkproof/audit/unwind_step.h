/* From the registers in a call to those in its caller. */
#ifndef FP_UNWIND_STEP_H
#define FP_UNWIND_STEP_H

#include <elfutils/libdw.h>

#include "unwind.h"

#define FP_REGISTER_MOST 33

/* Registers are by DWARF number. */
struct fp_machine {
    unsigned number; /* EM_… */
    unsigned word;   /* bytes of an address */
    unsigned sp, fp; /* stack and frame pointer */
    unsigned pc;     /* program counter; FP_REGISTER_MOST: it has no number */
    uint64_t all;    /* bit n: there is a register n… */
    uint64_t kept;   /* …which a call keeps, or which says where it returns to */
};

/* NULL: we do not know it. */
const struct fp_machine *fp_machine_find(unsigned number);

struct fp_cpu {
    const struct fp_machine *machine;
    uint64_t value[FP_REGISTER_MOST]; /* by DWARF number */
    uint64_t known;                   /* bit n: value[n] is */
    uint64_t pc;
    bool is_return;
};

/* The memory that there is. */
struct fp_memory {
    const struct fp_slice *slice;
    uint64_t stack_end; /* of the mapping with the slice */
    bool is_beyond;     /* something was wanted from the stack behind the slice */
    /* What is not in the slice; false: not there. */
    bool (*read)(void *arg, uint64_t address, void *ret, size_t size);
    bool (*is_code)(void *arg, uint64_t address);
    void *arg;
};

/* 1 to 8 bytes. */
bool fp_memory_read(struct fp_memory *memory, uint64_t address, unsigned size, uint64_t *ret);

struct fp_expression {
    const Dwarf_Op *ops;
    size_t count;
    uint64_t bias; /* what is added to addresses in it */
    const uint64_t *cfa;
};

/* A value, or where it is stored; -EINVAL for what is wrong, unknown, or has no end. */
int fp_expression_evaluate(const struct fp_expression *expression, const struct fp_cpu *cpu,
                           struct fp_memory *memory, uint64_t *ret, bool *ret_is_value);

enum fp_step {
    FP_STEP_CALLER, /* cpu is the caller's now */
    FP_STEP_END,    /* nothing called this */
    FP_STEP_LOST,   /* it cannot be told */
    FP_STEP_CUT     /* it was in what is missing of the stack */
};

/* One set of unwinding rules with what is added to its addresses; NULL: none. */
enum fp_step fp_step_by_rules(Dwarf_CFI *rules, uint64_t address, uint64_t bias,
                              struct fp_memory *memory, struct fp_cpu *cpu, bool *ret_is_signal);

/* Where there are no rules: out of a signal's handler, and in the kernel's image for 32-bit
 * programs (is_kernel) out of a system call that a signal has interrupted. */
enum fp_step fp_step_by_signal(struct fp_memory *memory, bool is_kernel, struct fp_cpu *cpu,
                               bool *ret_is_signal);

/* The last of each step. Each caller lies further out on the one stack: what does not cannot go on
 * for ever. */
enum fp_step fp_step_arrive(struct fp_cpu *next, const struct fp_cpu *cpu, uint64_t pc,
                            bool is_signal);

/* By what a return address is known: the call before it. */
bool fp_is_behind_call(struct fp_memory *memory, const struct fp_cpu *cpu, uint64_t pc);

/* By the chain of frame pointers, believed only where it leads behind a call. */
enum fp_step fp_step_by_pointer(struct fp_memory *memory, struct fp_cpu *cpu);

#endif
