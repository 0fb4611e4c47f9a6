/*
 * Raw system calls, arm (EABI). The kernel answers -errno; errno is not touched. The number goes in
 * r7, which may be the frame pointer: it is put aside.
 */
#ifndef FP_ARCH_SYSCALL_H
#define FP_ARCH_SYSCALL_H

#include <stdbool.h>

/* The plain names are of 16-bit user ids. */
#define FP_SYS_GETUID SYS_getuid32
#define FP_SYS_GETEUID SYS_geteuid32
#define FP_SYS_MMAP SYS_mmap2 /* the offset in pages */

static inline long fp_syscall(long number, long a, long b, long c, long d, long e, long f) {
    register long r0 __asm__("r0") = a;
    register long r1 __asm__("r1") = b;
    register long r2 __asm__("r2") = c;
    register long r3 __asm__("r3") = d;
    register long r4 __asm__("r4") = e;
    register long r5 __asm__("r5") = f;
    long aside;
    __asm__ volatile("mov %[aside], r7\n\t"
                     "mov r7, %[number]\n\t"
                     "svc 0\n\t"
                     "mov r7, %[aside]"
                     : "+r"(r0), [aside] "=&r"(aside)
                     : [number] "r"(number), "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r5)
                     : "memory", "cc");
    return r0;
}

/* Whether valgrind runs the program: the words that it, and nobody else, answers. */
static inline bool fp_is_on_valgrind(void) {
    const volatile unsigned long question[6] = {0x1001};
    register unsigned long answer __asm__("r3") = 0;
    register const volatile unsigned long *asked __asm__("r4") = question;
    __asm__ volatile("mov r12, r12, ror #3; mov r12, r12, ror #13\n\t"
                     "mov r12, r12, ror #29; mov r12, r12, ror #19\n\t"
                     "orr r10, r10, r10"
                     : "+r"(answer)
                     : "r"(asked)
                     : "cc", "memory");
    return answer != 0;
}

#endif
