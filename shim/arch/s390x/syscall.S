/*
 * syscall(): the C side sees the call first. What it does not answer is made from here, with the
 * caller's stack as it came: a system call that returns twice must find no frame of ours. Two of
 * the kernel's arguments go in registers that are the caller's; what these held waits in others.
 */
        .text
        .globl  syscall
        .type   syscall, @function
syscall:
        .cfi_startproc
        stmg    %r14, %r15, 112(%r15)   // where the caller has room for them
        .cfi_offset %r14, -48
        .cfi_offset %r15, -40
        lmg     %r0, %r1, 160(%r15)     // the fifth argument and the sixth
        aghi    %r15, -216
        .cfi_adjust_cfa_offset 216
        stmg    %r2, %r6, 160(%r15)
        stmg    %r0, %r1, 200(%r15)
        la      %r2, 160(%r15)
        brasl   %r14, fp_syscall_answered
        tmll    %r2, 0xff
        lmg     %r1, %r5, 160(%r15)
        lmg     %r14, %r15, 328(%r15)
        .cfi_restore %r14
        .cfi_restore %r15
        .cfi_adjust_cfa_offset -216
        jnz     1f
        ldgr    %f0, %r6
        .cfi_register %r6, %f0
        ldgr    %f2, %r7
        .cfi_register %r7, %f2
        lmg     %r6, %r7, 160(%r15)
        svc     0
        lgdr    %r6, %f0
        .cfi_restore %r6
        lgdr    %r7, %f2
        .cfi_restore %r7
        lghi    %r0, -4095
        clgr    %r2, %r0
        jgnl    fp_syscall_failed
        br      %r14
1:      lgr     %r2, %r1
        br      %r14
        .cfi_endproc
        .size   syscall, . - syscall

        .section .note.GNU-stack, "", @progbits
