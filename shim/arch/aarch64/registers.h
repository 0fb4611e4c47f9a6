/* The registers of a frame, as far as it can still be unwound with them, by their DWARF numbers. */
#ifndef FP_ARCH_REGISTERS_H
#define FP_ARCH_REGISTERS_H

#include <stdint.h>

#include "audit.h"

#define FP_MACHINE FP_AUDIT_AARCH64
#define FP_REGISTERS FP_AUDIT_AARCH64_REGISTERS
#define FP_REGISTER_SP FP_AUDIT_AARCH64_SP

struct fp_here {
    uint64_t known; /* bit n: number n */
    uint64_t values[FP_REGISTERS];
};

/* Those of the caller, here. */
static inline __attribute__((always_inline)) void fp_here_take(struct fp_here *ret) {
    ret->known = UINT64_C(0x1fff80000); // x19 to x30, sp, pc
    __asm__ volatile("stp x19, x20, [%0, #152]\n\t"
                     "stp x21, x22, [%0, #168]\n\t"
                     "stp x23, x24, [%0, #184]\n\t"
                     "stp x25, x26, [%0, #200]\n\t"
                     "stp x27, x28, [%0, #216]\n\t"
                     "stp x29, x30, [%0, #232]\n\t"
                     "mov x9, sp\n\t"
                     "adr x10, .\n\t"
                     "stp x9, x10, [%0, #248]"
                     :
                     : "r"(ret->values)
                     : "x9", "x10", "memory");
}

#endif
