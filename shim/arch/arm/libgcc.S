/*
 * What gcc calls in its own library, which is not linked. Division: quotient in r0, remainder in
 * r1; by 0 the quotient is 0. The unwinder of the program has the other two, and calls its own: they
 * are only named here.
 */
        .syntax unified
        .cfi_sections .debug_frame
        .text
        .thumb
        .globl  __aeabi_uidivmod
        .hidden __aeabi_uidivmod
        .type   __aeabi_uidivmod, %function
        .thumb_func
__aeabi_uidivmod:
        .fnstart
        .cfi_startproc
        mov     r2, r0
        movs    r0, #0
        cbz     r1, 2f
        clz     r3, r1
        clz     ip, r2
        subs    r3, r3, ip
        bmi     2f
        lsl     r1, r1, r3
1:      cmp     r2, r1
        adc     r0, r0, r0
        it      cs
        subcs   r2, r2, r1
        lsr     r1, r1, #1
        subs    r3, r3, #1
        bpl     1b
2:      mov     r1, r2
        bx      lr
        .cfi_endproc
        .fnend
        .size   __aeabi_uidivmod, . - __aeabi_uidivmod

        .globl  __aeabi_idivmod
        .hidden __aeabi_idivmod
        .type   __aeabi_idivmod, %function
        .thumb_func
__aeabi_idivmod:
        .fnstart
        .cfi_startproc
        push    {r4, r5, r6, lr}
        .save   {r4, r5, r6, lr}
        .cfi_adjust_cfa_offset 16
        .cfi_rel_offset r4, 0
        .cfi_rel_offset r5, 4
        .cfi_rel_offset lr, 12
        mov     r4, r0                  // has the sign of the remainder
        eor     r5, r0, r1              // and of the quotient
        cmp     r0, #0
        it      mi
        rsbmi   r0, r0, #0
        cmp     r1, #0
        it      mi
        rsbmi   r1, r1, #0
        bl      __aeabi_uidivmod
        cmp     r5, #0
        it      mi
        rsbmi   r0, r0, #0
        cmp     r4, #0
        it      mi
        rsbmi   r1, r1, #0
        pop     {r4, r5, r6, pc}
        .cfi_endproc
        .fnend
        .size   __aeabi_idivmod, . - __aeabi_idivmod

        .globl  __aeabi_unwind_cpp_pr0, __aeabi_unwind_cpp_pr1
        .hidden __aeabi_unwind_cpp_pr0, __aeabi_unwind_cpp_pr1
        .type   __aeabi_unwind_cpp_pr0, %function
        .type   __aeabi_unwind_cpp_pr1, %function
        .thumb_func
__aeabi_unwind_cpp_pr0:
        .thumb_func
__aeabi_unwind_cpp_pr1:
        udf     #0

        .section .note.GNU-stack, "", %progbits
