/* Where the library begins when it is executed as a program: core/guard.c. */
        .text
        .globl  fp_start
        .hidden fp_start
        .type   fp_start, @function
fp_start:
        .cfi_startproc
        .cfi_undefined ra
        li      s0, 0
        mv      a0, sp
        andi    sp, sp, -16
        call    fp_guard_main
        ebreak
        .cfi_endproc
        .size   fp_start, . - fp_start

        .section .note.GNU-stack, "", @progbits
