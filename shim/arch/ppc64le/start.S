/* Where the library begins when it is executed as a program: core/guard.c. r12 has its address. */
        .text
        .globl  fp_start
        .hidden fp_start
        .type   fp_start, @function
fp_start:
        .cfi_startproc
        .cfi_undefined lr
0:      addis   2, 12, .TOC.-0b@ha
        addi    2, 2, .TOC.-0b@l
        .localentry fp_start, .-fp_start
        mr      3, 1
        li      0, 0
        stdu    0, -32(1)               // no frame above
        bl      fp_guard_main
        nop
        trap
        .cfi_endproc
        .size   fp_start, . - fp_start

        .section .note.GNU-stack, "", @progbits
