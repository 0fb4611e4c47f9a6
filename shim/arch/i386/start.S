/*
 * Where the library begins when it is executed as a program: core/guard.c. System calls go by
 * %gs:16 (raw.S), where a libc would have put the vDSO; there is none, so we make a block of our
 * own for it, on the stack.
 */
        .text
        .globl  fp_start
        .hidden fp_start
        .type   fp_start, @function
fp_start:
        .cfi_startproc
        .cfi_undefined %eip
        xorl    %ebp, %ebp
        movl    %esp, %esi
        andl    $-16, %esp
        subl    $64, %esp
        call    1f
1:      popl    %eax
        addl    $2f-1b, %eax
        movl    %eax, 48(%esp)          // block + 16
        movl    $-1, (%esp)             // struct user_desc: any entry,
        leal    32(%esp), %eax
        movl    %eax, 4(%esp)           // base: the block,
        movl    $0xfffff, 8(%esp)       // all above it,
        movl    $0x51, 12(%esp)         // 32 bits, in pages, usable
        movl    %esp, %ebx
        movl    $243, %eax              // set_thread_area
        int     $0x80
        movl    (%esp), %eax
        leal    3(,%eax,8), %eax
        movw    %ax, %gs
        subl    $12, %esp
        pushl   %esi
        call    fp_guard_main
        ud2
2:      int     $0x80
        ret
        .cfi_endproc
        .size   fp_start, . - fp_start

        .section .note.GNU-stack, "", @progbits
