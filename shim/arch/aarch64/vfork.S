/*
 * vfork: parent and child share the stack until the child execs, so no C function can call the
 * kernel here: its frame would be overwritten by the child. The return address stays in x30 over
 * the system call, which gives each of the two its own copy. There is no vfork system call here:
 * clone(CLONE_VM | CLONE_VFORK | SIGCHLD) is the same.
 */
#include "marked.inc"

        .text
        .globl  vfork
        .type   vfork, %function
vfork:
        .cfi_startproc
        hint    #34                     // bti c
        stp     x29, x30, [sp, #-16]!
        .cfi_adjust_cfa_offset 16
        .cfi_rel_offset x29, 0
        .cfi_rel_offset x30, 8
        bl      fp_vfork_begin
        ldp     x29, x30, [sp], #16
        .cfi_adjust_cfa_offset -16
        .cfi_restore x29
        .cfi_restore x30
        cbnz    x0, 2f
        mov     x0, #0x4111
        mov     x1, #0
        mov     x2, #0
        mov     x3, #0
        mov     x4, #0
        mov     x8, #220
        svc     #0
        cbnz    x0, 1f
        ret
1:      b       fp_vfork_end
2:      b       fp_syscall_failed
        .cfi_endproc
        .size   vfork, . - vfork
        .globl  __vfork
        .set    __vfork, vfork

        .section .note.GNU-stack, "", %progbits
