/*
 * vfork: parent and child share the stack until the child execs, so no C function can call the
 * kernel here: its frame would be overwritten by the child. The return address stays in ra over
 * the system call, which gives each of the two its own copy. There is no vfork system call here:
 * clone(CLONE_VM | CLONE_VFORK | SIGCHLD) is the same.
 */
        .text
        .globl  vfork
        .type   vfork, @function
vfork:
        .cfi_startproc
        addi    sp, sp, -16
        .cfi_adjust_cfa_offset 16
        sd      ra, 8(sp)
        .cfi_rel_offset ra, 8
        call    fp_vfork_begin
        ld      ra, 8(sp)
        .cfi_restore ra
        addi    sp, sp, 16
        .cfi_adjust_cfa_offset -16
        bnez    a0, 2f
        li      a0, 0x4111
        li      a1, 0
        li      a2, 0
        li      a3, 0
        li      a4, 0
        li      a7, 220
        ecall
        bnez    a0, 1f
        ret
1:      tail    fp_vfork_end
2:      tail    fp_syscall_failed
        .cfi_endproc
        .size   vfork, . - vfork
        .globl  __vfork
        .set    __vfork, vfork

        .section .note.GNU-stack, "", @progbits
