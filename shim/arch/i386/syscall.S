/*
 * syscall(): the C side sees the call first. What it does not answer is made from here, with the
 * caller's stack as it came: a system call that returns twice must find no frame of ours. The
 * arguments lie on the stack in a row, number first, as the C side wants them.
 *
 * Six arguments take every register, so what is pushed around the call is what libc pushes, and
 * the kernel is entered as in raw.S.
 */
        .text
        .globl  syscall
        .type   syscall, @function
syscall:
        .cfi_startproc
        endbr32
        leal    4(%esp), %eax
        subl    $8, %esp
        .cfi_adjust_cfa_offset 8
        pushl   %eax
        .cfi_adjust_cfa_offset 4
        call    fp_syscall_answered
        addl    $12, %esp
        .cfi_adjust_cfa_offset -12
        testb   %al, %al
        movl    4(%esp), %eax
        jnz     1f
        pushl   %ebp
        .cfi_adjust_cfa_offset 4
        .cfi_rel_offset %ebp, 0
        pushl   %edi
        .cfi_adjust_cfa_offset 4
        .cfi_rel_offset %edi, 0
        pushl   %esi
        .cfi_adjust_cfa_offset 4
        .cfi_rel_offset %esi, 0
        pushl   %ebx
        .cfi_adjust_cfa_offset 4
        .cfi_rel_offset %ebx, 0
        movl    24(%esp), %ebx
        movl    28(%esp), %ecx
        movl    32(%esp), %edx
        movl    36(%esp), %esi
        movl    40(%esp), %edi
        movl    44(%esp), %ebp
        call    *%gs:16
        popl    %ebx
        .cfi_adjust_cfa_offset -4
        .cfi_restore %ebx
        popl    %esi
        .cfi_adjust_cfa_offset -4
        .cfi_restore %esi
        popl    %edi
        .cfi_adjust_cfa_offset -4
        .cfi_restore %edi
        popl    %ebp
        .cfi_adjust_cfa_offset -4
        .cfi_restore %ebp
        cmpl    $-4095, %eax
        jae     2f
1:      ret
2:      subl    $8, %esp
        .cfi_adjust_cfa_offset 8
        pushl   %eax
        .cfi_adjust_cfa_offset 4
        call    fp_syscall_failed
        addl    $12, %esp
        .cfi_adjust_cfa_offset -12
        ret
        .cfi_endproc
        .size   syscall, . - syscall

        .section .note.GNU-stack, "", @progbits
