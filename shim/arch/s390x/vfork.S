/*
 * vfork: parent and child share the stack until the child execs, so no C function can call the
 * kernel here: its frame would be overwritten by the child. The return address stays in %r14 over
 * the system call, which gives each of the two its own copy.
 */
        .text
        .globl  vfork
        .type   vfork, @function
vfork:
        .cfi_startproc
        stmg    %r14, %r15, 112(%r15)   // where the caller has room for them
        .cfi_offset %r14, -48
        .cfi_offset %r15, -40
        aghi    %r15, -160
        .cfi_adjust_cfa_offset 160
        brasl   %r14, fp_vfork_begin
        lmg     %r14, %r15, 272(%r15)
        .cfi_restore %r14
        .cfi_restore %r15
        .cfi_adjust_cfa_offset -160
        ltgr    %r2, %r2
        jne     2f
        svc     190
        ltgr    %r2, %r2
        jne     1f
        br      %r14
1:      jg      fp_vfork_end
2:      jg      fp_syscall_failed
        .cfi_endproc
        .size   vfork, . - vfork
        .globl  __vfork
        .set    __vfork, vfork

        .section .note.GNU-stack, "", @progbits
