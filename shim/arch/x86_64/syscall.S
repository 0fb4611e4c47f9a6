/*
 * syscall(): the C side sees the call first. What it does not answer is made from here, with the
 * caller's stack as it came: a system call that returns twice must find no frame of ours.
 */
#include <cet.h>

        .text
        .globl  syscall
        .type   syscall, @function
syscall:
        .cfi_startproc
        endbr64
        movq    8(%rsp), %rax           // the sixth argument
        subq    $72, %rsp
        .cfi_adjust_cfa_offset 72
        movq    %rdi, (%rsp)
        movq    %rsi, 8(%rsp)
        movq    %rdx, 16(%rsp)
        movq    %rcx, 24(%rsp)
        movq    %r8, 32(%rsp)
        movq    %r9, 40(%rsp)
        movq    %rax, 48(%rsp)
        movq    %rsp, %rdi
        call    fp_syscall_answered
        testb   %al, %al
        movq    (%rsp), %rax
        jnz     1f
        movq    8(%rsp), %rdi
        movq    16(%rsp), %rsi
        movq    24(%rsp), %rdx
        movq    32(%rsp), %r10
        movq    40(%rsp), %r8
        movq    48(%rsp), %r9
        addq    $72, %rsp
        .cfi_adjust_cfa_offset -72
        syscall
        cmpq    $-4095, %rax
        jae     2f
        ret
        .cfi_adjust_cfa_offset 72
1:      addq    $72, %rsp
        .cfi_adjust_cfa_offset -72
        ret
2:      movq    %rax, %rdi
        jmp     fp_syscall_failed
        .cfi_endproc
        .size   syscall, . - syscall

        .section .note.GNU-stack, "", @progbits
