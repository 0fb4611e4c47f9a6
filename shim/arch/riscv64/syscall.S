/*
 * syscall(): the C side sees the call first. What it does not answer is made from here, with the
 * caller's stack as it came: a system call that returns twice must find no frame of ours.
 */
        .text
        .globl  syscall
        .type   syscall, @function
syscall:
        .cfi_startproc
        addi    sp, sp, -64
        .cfi_adjust_cfa_offset 64
        sd      ra, 56(sp)
        .cfi_rel_offset ra, 56
        sd      a0, 0(sp)
        sd      a1, 8(sp)
        sd      a2, 16(sp)
        sd      a3, 24(sp)
        sd      a4, 32(sp)
        sd      a5, 40(sp)
        sd      a6, 48(sp)
        mv      a0, sp
        call    fp_syscall_answered
        andi    t0, a0, 0xff
        ld      a7, 0(sp)
        ld      a0, 8(sp)
        ld      a1, 16(sp)
        ld      a2, 24(sp)
        ld      a3, 32(sp)
        ld      a4, 40(sp)
        ld      a5, 48(sp)
        ld      ra, 56(sp)
        .cfi_restore ra
        addi    sp, sp, 64
        .cfi_adjust_cfa_offset -64
        bnez    t0, 1f
        ecall
        li      t0, -4095
        bgeu    a0, t0, 2f
        ret
1:      mv      a0, a7
        ret
2:      tail    fp_syscall_failed
        .cfi_endproc
        .size   syscall, . - syscall

        .section .note.GNU-stack, "", @progbits
