/* Raw system calls, s390x. The kernel answers -errno; errno is not touched. */
#ifndef FP_ARCH_SYSCALL_H
#define FP_ARCH_SYSCALL_H

#include <stdbool.h>

/* Numbers whose plain names are older forms elsewhere. */
#define FP_SYS_GETUID SYS_getuid
#define FP_SYS_GETEUID SYS_geteuid
#define FP_SYS_MMAP SYS_mmap
#define FP_SYS_MMAP_BLOCK /* its arguments in memory */

static inline long fp_syscall(long number, long a, long b, long c, long d, long e, long f) {
    register long r1 __asm__("r1") = number;
    register long r2 __asm__("r2") = a;
    register long r3 __asm__("r3") = b;
    register long r4 __asm__("r4") = c;
    register long r5 __asm__("r5") = d;
    register long r6 __asm__("r6") = e;
    register long r7 __asm__("r7") = f;
    __asm__ volatile("svc 0"
                     : "+d"(r2)
                     : "d"(r1), "d"(r3), "d"(r4), "d"(r5), "d"(r6), "d"(r7)
                     : "memory", "cc");
    return r2;
}

/* Whether valgrind runs the program: the words that it, and nobody else, answers. */
static inline bool fp_is_on_valgrind(void) {
    const volatile unsigned long question[6] = {0x1001};
    register const volatile unsigned long *asked __asm__("r2") = question;
    register unsigned long answer __asm__("r3") = 0;
    __asm__ volatile("lr %%r15, %%r15; lr %%r1, %%r1; lr %%r2, %%r2; lr %%r3, %%r3\n\t"
                     "lr %%r2, %%r2"
                     : "+d"(answer)
                     : "d"(asked)
                     : "cc", "memory");
    return answer != 0;
}

#endif
