/* Where the library begins when it is executed as a program: core/guard.c. */
        .text
        .globl  fp_start
        .hidden fp_start
        .type   fp_start, @function
fp_start:
        .cfi_startproc
        .cfi_undefined %r14
        lgr     %r2, %r15
        aghi    %r15, -160
        xc      0(8, %r15), 0(%r15)     // no frame above
        brasl   %r14, fp_guard_main
        j       .+2                     // no instruction
        .cfi_endproc
        .size   fp_start, . - fp_start

        .section .note.GNU-stack, "", @progbits
