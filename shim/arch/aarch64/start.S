/* Where the library begins when it is executed as a program: core/guard.c. */
#include "marked.inc"

        .text
        .globl  fp_start
        .hidden fp_start
        .type   fp_start, %function
fp_start:
        .cfi_startproc
        .cfi_undefined x30
        mov     x29, #0
        mov     x30, #0
        mov     x0, sp
        bl      fp_guard_main
        brk     #1
        .cfi_endproc
        .size   fp_start, . - fp_start

        .section .note.GNU-stack, "", %progbits
