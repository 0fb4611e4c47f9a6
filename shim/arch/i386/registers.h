/* The registers of a frame, as far as it can still be unwound with them, by their DWARF numbers. */
#ifndef FP_ARCH_REGISTERS_H
#define FP_ARCH_REGISTERS_H

#include <stdint.h>

#include "audit.h"

#define FP_MACHINE FP_AUDIT_I386
#define FP_REGISTERS FP_AUDIT_I386_REGISTERS
#define FP_REGISTER_SP FP_AUDIT_I386_SP

struct fp_here {
    uint64_t known; /* bit n: number n */
    uint64_t values[FP_REGISTERS];
};

/* Those of the caller, here. */
static inline __attribute__((always_inline)) void fp_here_take(struct fp_here *ret) {
    ret->known = 0x1f8; // ebx, esp, ebp, esi, edi, eip
    for (unsigned i = 3; i < FP_REGISTERS; i++)
        ret->values[i] = 0;
    __asm__ volatile("movl %%ebx, 24(%0)\n\t"
                     "movl %%esp, 32(%0)\n\t"
                     "movl %%ebp, 40(%0)\n\t"
                     "movl %%esi, 48(%0)\n\t"
                     "movl %%edi, 56(%0)\n\t"
                     "call 1f\n"
                     "1:\tpopl %%eax\n\t"
                     "movl %%eax, 64(%0)"
                     :
                     : "r"(ret->values)
                     : "eax", "memory");
}

#endif
