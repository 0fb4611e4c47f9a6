/*
 * syscall(): the C side sees the call first. What it does not answer is made from here, with the
 * caller's stack as it came: a system call that returns twice must find no frame of ours.
 */
#include "marked.inc"

        .text
        .globl  syscall
        .type   syscall, %function
syscall:
        .cfi_startproc
        hint    #34                     // bti c
        stp     x29, x30, [sp, #-80]!
        .cfi_adjust_cfa_offset 80
        .cfi_rel_offset x29, 0
        .cfi_rel_offset x30, 8
        stp     x0, x1, [sp, #16]
        stp     x2, x3, [sp, #32]
        stp     x4, x5, [sp, #48]
        str     x6, [sp, #64]
        add     x0, sp, #16
        bl      fp_syscall_answered
        and     w9, w0, #0xff
        ldp     x0, x1, [sp, #16]
        ldp     x2, x3, [sp, #32]
        ldp     x4, x5, [sp, #48]
        ldr     x6, [sp, #64]
        ldp     x29, x30, [sp], #80
        .cfi_adjust_cfa_offset -80
        .cfi_restore x29
        .cfi_restore x30
        cbnz    w9, 1f
        mov     x8, x0
        mov     x0, x1
        mov     x1, x2
        mov     x2, x3
        mov     x3, x4
        mov     x4, x5
        mov     x5, x6
        svc     #0
        cmn     x0, #4095
        b.cs    fp_syscall_failed
1:      ret
        .cfi_endproc
        .size   syscall, . - syscall

        .section .note.GNU-stack, "", %progbits
