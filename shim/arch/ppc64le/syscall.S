/*
 * syscall(): the C side sees the call first. What it does not answer is made from here, with the
 * caller's stack as it came: a system call that returns twice must find no frame of ours.
 */
        .text
        .globl  syscall
        .type   syscall, @function
syscall:
        .cfi_startproc
0:      addis   2, 12, .TOC.-0b@ha
        addi    2, 2, .TOC.-0b@l
        .localentry syscall, .-syscall
        mflr    0
        std     0, 16(1)                // where the caller has room for it
        stdu    1, -96(1)
        .cfi_adjust_cfa_offset 96
        .cfi_offset lr, 16
        std     3, 32(1)
        std     4, 40(1)
        std     5, 48(1)
        std     6, 56(1)
        std     7, 64(1)
        std     8, 72(1)
        std     9, 80(1)
        addi    3, 1, 32
        bl      fp_syscall_answered
        nop
        andi.   9, 3, 0xff
        ld      9, 32(1)
        ld      3, 40(1)
        ld      4, 48(1)
        ld      5, 56(1)
        ld      6, 64(1)
        ld      7, 72(1)
        ld      8, 80(1)
        addi    1, 1, 96
        .cfi_adjust_cfa_offset -96
        ld      0, 16(1)
        mtlr    0
        .cfi_restore lr
        bne     1f
        mr      0, 9
        sc
        bnslr+
        neg     3, 3
        b       fp_syscall_failed
1:      mr      3, 9
        blr
        .cfi_endproc
        .size   syscall, . - syscall

        .section .note.GNU-stack, "", @progbits
