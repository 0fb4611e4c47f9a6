/* Raw system calls, x86-64. The kernel answers -errno; errno is not touched. */
#ifndef FP_ARCH_SYSCALL_H
#define FP_ARCH_SYSCALL_H

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

#endif
