/* Raw system calls, ppc64le. The kernel's errors become -errno; errno is not touched. */
#ifndef FP_ARCH_SYSCALL_H
#define FP_ARCH_SYSCALL_H

#include <stdbool.h>

/* Numbers whose plain names are older forms elsewhere. */
#define FP_SYS_GETUID SYS_getuid
#define FP_SYS_GETEUID SYS_geteuid
#define FP_SYS_MMAP SYS_mmap

static inline long fp_syscall(long number, long a, long b, long c, long d, long e, long f) {
    register long r0 __asm__("r0") = number;
    register long r3 __asm__("r3") = a;
    register long r4 __asm__("r4") = b;
    register long r5 __asm__("r5") = c;
    register long r6 __asm__("r6") = d;
    register long r7 __asm__("r7") = e;
    register long r8 __asm__("r8") = f;
    __asm__ volatile("sc\n\t"
                     "bns+ 0f\n\t"
                     "neg %1, %1\n"
                     "0:"
                     : "+r"(r0), "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6), "+r"(r7), "+r"(r8)
                     :
                     : "r9", "r10", "r11", "r12", "cr0", "ctr", "xer", "memory");
    return r3;
}

/* Whether valgrind runs the program: the words that it, and nobody else, answers. */
static inline bool fp_is_on_valgrind(void) {
    const volatile unsigned long question[6] = {0x1001};
    register unsigned long answer __asm__("r3") = 0;
    register const volatile unsigned long *asked __asm__("r4") = question;
    __asm__ volatile("rotldi 0, 0, 3; rotldi 0, 0, 13; rotldi 0, 0, 61; rotldi 0, 0, 51\n\t"
                     "or 1, 1, 1"
                     : "+r"(answer)
                     : "r"(asked)
                     : "memory");
    return answer != 0;
}

#endif
