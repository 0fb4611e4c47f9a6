/*
 * vfork: parent and child share the stack until the child execs, so no C function can call the
 * kernel here: its frame would be overwritten by the child. The return address is held in a
 * register over the system call, which gives each of the two its own copy.
 *
 * The child leaves by a jump: with a shadow stack, a ret would take the parent's entry away.
 */
#include <cet.h>

        .text
        .globl  vfork
        .type   vfork, @function
vfork:
        .cfi_startproc
        endbr64
        subq    $8, %rsp
        .cfi_adjust_cfa_offset 8
        call    fp_vfork_begin
        addq    $8, %rsp
        .cfi_adjust_cfa_offset -8
        testq   %rax, %rax
        jnz     2f
        popq    %rdi
        .cfi_adjust_cfa_offset -8
        .cfi_register %rip, %rdi
        movl    $58, %eax
        syscall
        testq   %rax, %rax
        jnz     1f
        notrack jmp *%rdi
1:      pushq   %rdi
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset %rip, 0
        movq    %rax, %rdi
        jmp     fp_vfork_end
2:      movq    %rax, %rdi
        jmp     fp_syscall_failed
        .cfi_endproc
        .size   vfork, . - vfork
        .globl  __vfork
        .set    __vfork, vfork

        .section .note.GNU-stack, "", @progbits
