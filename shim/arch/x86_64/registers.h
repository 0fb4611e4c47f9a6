/* The registers of a frame, as far as it can still be unwound with them, by their DWARF numbers. */
#ifndef FP_ARCH_REGISTERS_H
#define FP_ARCH_REGISTERS_H

#include <stdint.h>

#include "audit.h"

#define FP_MACHINE FP_AUDIT_X86_64
#define FP_REGISTERS FP_AUDIT_X86_64_REGISTERS
#define FP_REGISTER_SP FP_AUDIT_X86_64_SP

struct fp_here {
    uint64_t known; /* bit n: number n */
    uint64_t values[FP_REGISTERS];
};

/* Those of the caller, here. */
static inline __attribute__((always_inline)) void fp_here_take(struct fp_here *ret) {
    // rbx, rbp, rsp, r12 to r15, rip
    ret->known = 1U << 3 | 1U << 6 | 1U << 7 | 0xfU << 12 | 1U << 16;
    __asm__ volatile("movq %%rbx, 24(%0)\n\t"
                     "movq %%rbp, 48(%0)\n\t"
                     "movq %%rsp, 56(%0)\n\t"
                     "movq %%r12, 96(%0)\n\t"
                     "movq %%r13, 104(%0)\n\t"
                     "movq %%r14, 112(%0)\n\t"
                     "movq %%r15, 120(%0)\n\t"
                     "leaq 0(%%rip), %%rax\n\t"
                     "movq %%rax, 128(%0)"
                     :
                     : "r"(ret->values)
                     : "rax", "memory");
}

#endif
