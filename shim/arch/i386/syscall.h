/*
 * Raw system calls, i386. The kernel answers -errno; errno is not touched.
 *
 * A function in assembly (raw.S), not inline: six arguments take every register, so some must be
 * pushed, and a thread cancelled in the call is unwound from there.
 */
#ifndef FP_ARCH_SYSCALL_H
#define FP_ARCH_SYSCALL_H

#include <stdbool.h>

/* The plain names are of 16-bit user ids and of arguments in memory. */
#define FP_SYS_GETUID SYS_getuid32
#define FP_SYS_GETEUID SYS_geteuid32
#define FP_SYS_MMAP SYS_mmap2 /* the offset in pages */

__attribute__((visibility("hidden"))) long fp_syscall(long number, long a, long b, long c, long d,
                                                      long e, long f);

/* Whether valgrind runs the program: the words that it, and nobody else, answers. */
static inline bool fp_is_on_valgrind(void) {
    const volatile unsigned long question[6] = {0x1001};
    unsigned long answer = 0;
    __asm__ volatile("roll $3, %%edi; roll $13, %%edi; roll $29, %%edi; roll $19, %%edi\n\t"
                     "xchgl %%ebx, %%ebx"
                     : "+d"(answer)
                     : "a"(question)
                     : "cc", "memory");
    return answer != 0;
}

#endif
