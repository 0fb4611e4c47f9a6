/* Raw system calls, riscv64. The kernel answers -errno; errno is not touched. */
#ifndef FP_ARCH_SYSCALL_H
#define FP_ARCH_SYSCALL_H

#include <stdbool.h>

/* Numbers whose plain names are older forms elsewhere. */
#define FP_SYS_GETUID SYS_getuid
#define FP_SYS_GETEUID SYS_geteuid
#define FP_SYS_MMAP SYS_mmap
#define FP_SYS_NO_RESTORER /* in a disposition */

static inline long fp_syscall(long number, long a, long b, long c, long d, long e, long f) {
    register long a7 __asm__("a7") = number;
    register long a0 __asm__("a0") = a;
    register long a1 __asm__("a1") = b;
    register long a2 __asm__("a2") = c;
    register long a3 __asm__("a3") = d;
    register long a4 __asm__("a4") = e;
    register long a5 __asm__("a5") = f;
    __asm__ volatile("ecall"
                     : "+r"(a0)
                     : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5)
                     : "memory");
    return a0;
}

/* Whether valgrind runs the program: the words that it, and nobody else, answers. */
static inline bool fp_is_on_valgrind(void) {
    const volatile unsigned long question[6] = {0x1001};
    register unsigned long answer __asm__("a3") = 0;
    register const volatile unsigned long *asked __asm__("a4") = question;
    __asm__ volatile(
        ".option push\n\t"
        ".option norvc\n\t"
        "srli zero, zero, 3; srli zero, zero, 13; srli zero, zero, 51; srli zero, zero, 61\n\t"
        "or a0, a0, a0\n\t"
        ".option pop"
        : "+r"(answer)
        : "r"(asked)
        : "memory");
    return answer != 0;
}

#endif
