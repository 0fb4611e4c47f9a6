/*
 * vfork: parent and child share the stack until the child execs, so no C function can call the
 * kernel here: its frame would be overwritten by the child. The return address stays in lr over
 * the system call, which gives each of the two its own copy, and so does r7 in ip.
 */
        .syntax unified
        .cfi_sections .debug_frame
        .text
        .thumb
        .globl  vfork
        .type   vfork, %function
        .thumb_func
vfork:
        .fnstart
        .cfi_startproc
        push    {r3, lr}
        .save   {r3, lr}
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset lr, 4
        bl      fp_vfork_begin
        pop     {r3, lr}
        .cfi_adjust_cfa_offset -8
        .cfi_restore lr
        cbnz    r0, 2f
        mov     ip, r7
        movs    r7, #190
        svc     0
        mov     r7, ip
        cbnz    r0, 1f
        bx      lr
1:      b       fp_vfork_end
2:      b       fp_syscall_failed
        .cfi_endproc
        .fnend
        .size   vfork, . - vfork
        .globl  __vfork
        .thumb_set __vfork, vfork

        .section .note.GNU-stack, "", %progbits
