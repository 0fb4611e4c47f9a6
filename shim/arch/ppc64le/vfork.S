/*
 * vfork: parent and child share the stack until the child execs, so no C function can call the
 * kernel here: its frame would be overwritten by the child. The return address stays in lr over
 * the system call, which gives each of the two its own copy.
 */
        .text
        .globl  vfork
        .type   vfork, @function
vfork:
        .cfi_startproc
0:      addis   2, 12, .TOC.-0b@ha
        addi    2, 2, .TOC.-0b@l
        .localentry vfork, .-vfork
        mflr    0
        std     0, 16(1)                // where the caller has room for it
        stdu    1, -32(1)
        .cfi_adjust_cfa_offset 32
        .cfi_offset lr, 16
        bl      fp_vfork_begin
        nop
        addi    1, 1, 32
        .cfi_adjust_cfa_offset -32
        ld      0, 16(1)
        mtlr    0
        .cfi_restore lr
        cmpdi   3, 0
        bne     2f
        li      0, 189
        sc
        bns+    1f
        neg     3, 3
1:      cmpdi   3, 0
        beqlr
        b       fp_vfork_end
2:      b       fp_syscall_failed
        .cfi_endproc
        .size   vfork, . - vfork
        .globl  __vfork
        .set    __vfork, vfork

        .section .note.GNU-stack, "", @progbits
