/* Where the library begins when it is executed as a program: core/guard.c. */
#include <cet.h>

        .text
        .globl  fp_start
        .hidden fp_start
        .type   fp_start, @function
fp_start:
        .cfi_startproc
        .cfi_undefined %rip
        xorl    %ebp, %ebp
        movq    %rsp, %rdi
        andq    $-16, %rsp
        call    fp_guard_main
        ud2
        .cfi_endproc
        .size   fp_start, . - fp_start

        .section .note.GNU-stack, "", @progbits
