/* For architectures whose registers are not recorded: their programs are audited without stacks. */
#ifndef FP_ARCH_REGISTERS_NONE_H
#define FP_ARCH_REGISTERS_NONE_H

#include <stdint.h>

#define FP_MACHINE 0
#define FP_REGISTERS 1
#define FP_REGISTER_SP 0

struct fp_here {
    uint64_t known;
    uint64_t values[FP_REGISTERS];
};

static inline void fp_here_take(struct fp_here *ret) {
    ret->known = 0;
}

#endif
