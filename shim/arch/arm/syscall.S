/*
 * syscall(): the C side sees the call first. What it does not answer is made from here, with the
 * caller's stack as it came: a system call that returns twice must find no frame of ours. The
 * registers that begin the arguments are pushed below those on the stack: a row, number first, as
 * the C side wants them.
 *
 * Number and arguments take registers that are the caller's, so what is pushed around the call is
 * what libc pushes.
 */
        .syntax unified
        .cfi_sections .debug_frame
        .text
        .thumb
        .globl  syscall
        .type   syscall, %function
        .thumb_func
syscall:
        .fnstart
        .cfi_startproc
        push    {r0, r1, r2, r3}
        .pad    #16
        .cfi_adjust_cfa_offset 16
        push    {r3, lr}
        .save   {r3, lr}
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset lr, 4
        add     r0, sp, #8
        bl      fp_syscall_answered
        uxtb    ip, r0
        pop     {r3, lr}
        .cfi_adjust_cfa_offset -8
        .cfi_restore lr
        pop     {r0, r1, r2, r3}
        .cfi_adjust_cfa_offset -16
        cmp     ip, #0
        bne     1f
        .cfi_endproc
        .fnend
        .fnstart
        .cfi_startproc
        push    {r4, r5, r6, r7}
        .save   {r4, r5, r6, r7}
        .cfi_adjust_cfa_offset 16
        .cfi_rel_offset r4, 0
        .cfi_rel_offset r5, 4
        .cfi_rel_offset r6, 8
        .cfi_rel_offset r7, 12
        mov     r7, r0
        mov     r0, r1
        mov     r1, r2
        mov     r2, r3
        ldr     r3, [sp, #16]
        ldr     r4, [sp, #20]
        ldr     r5, [sp, #24]
        svc     0
        pop     {r4, r5, r6, r7}
        .cfi_adjust_cfa_offset -16
        .cfi_restore r4
        .cfi_restore r5
        .cfi_restore r6
        .cfi_restore r7
        cmn     r0, #4096
        bhi     2f
1:      bx      lr
2:      b       fp_syscall_failed
        .cfi_endproc
        .fnend
        .size   syscall, . - syscall

        .section .note.GNU-stack, "", %progbits
