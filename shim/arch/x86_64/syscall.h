/* Raw system calls, x86-64. The kernel answers -errno; errno is not touched. */
#ifndef FP_ARCH_SYSCALL_H
#define FP_ARCH_SYSCALL_H

#include <stdbool.h>

/* Numbers whose plain names are older forms elsewhere. */
#define FP_SYS_GETUID SYS_getuid
#define FP_SYS_GETEUID SYS_geteuid
#define FP_SYS_MMAP SYS_mmap

static inline long fp_syscall(long number, long a, long b, long c, long d, long e, long f) {
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

/* Whether valgrind runs the program: the words that it, and nobody else, answers. */
static inline bool fp_is_on_valgrind(void) {
    const volatile unsigned long question[6] = {0x1001};
    unsigned long answer = 0;
    __asm__ volatile("rolq $3, %%rdi; rolq $13, %%rdi; rolq $61, %%rdi; rolq $51, %%rdi\n\t"
                     "xchgq %%rbx, %%rbx"
                     : "+d"(answer)
                     : "a"(question)
                     : "cc", "memory");
    return answer != 0;
}

#endif
