/*
 * vfork: parent and child share the stack until the child execs, so no C function can call the
 * kernel here: its frame would be overwritten by the child. The return address is taken off the
 * stack and held in a register over the system call, which gives each of the two its own copy.
 *
 * int $0x80, because the vDSO's way in keeps a frame of its own on the stack.
 *
 * The child leaves by a jump: with a shadow stack, a ret would take the parent's entry away.
 */
        .text
        .globl  vfork
        .type   vfork, @function
vfork:
        .cfi_startproc
        endbr32
        subl    $12, %esp
        .cfi_adjust_cfa_offset 12
        call    fp_vfork_begin
        addl    $12, %esp
        .cfi_adjust_cfa_offset -12
        testl   %eax, %eax
        jnz     2f
        popl    %ecx
        .cfi_adjust_cfa_offset -4
        .cfi_register %eip, %ecx
        movl    $190, %eax
        int     $0x80
        testl   %eax, %eax
        jnz     1f
        notrack jmp *%ecx
1:      pushl   %ecx
        .cfi_adjust_cfa_offset 4
        .cfi_rel_offset %eip, 0
        subl    $8, %esp
        .cfi_adjust_cfa_offset 8
        pushl   %eax
        .cfi_adjust_cfa_offset 4
        call    fp_vfork_end
        addl    $12, %esp
        .cfi_adjust_cfa_offset -12
        ret
2:      subl    $8, %esp
        .cfi_adjust_cfa_offset 8
        pushl   %eax
        .cfi_adjust_cfa_offset 4
        call    fp_syscall_failed
        addl    $12, %esp
        .cfi_adjust_cfa_offset -12
        ret
        .cfi_endproc
        .size   vfork, . - vfork
        .globl  __vfork
        .set    __vfork, vfork

        .section .note.GNU-stack, "", @progbits
