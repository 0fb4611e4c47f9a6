/* Where the library begins when it is executed as a program: core/guard.c. */
        .syntax unified
        .cfi_sections .debug_frame
        .text
        .thumb
        .globl  fp_start
        .hidden fp_start
        .type   fp_start, %function
        .thumb_func
fp_start:
        .fnstart
        .cantunwind
        .cfi_startproc
        .cfi_undefined lr
        mov     r0, sp
        bic     r1, r0, #7
        mov     sp, r1
        bl      fp_guard_main
        udf     #0
        .cfi_endproc
        .fnend
        .size   fp_start, . - fp_start

        .section .note.GNU-stack, "", %progbits
