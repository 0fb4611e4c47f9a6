/*
 * The ends of a process that libc lets us see. The root of a contained program ends the others
 * first (core/group.h); for everybody else there is nothing to do.
 */
#include "group.h"
#include "wrap.h"

/* exit and return from main, after the program's own handlers. */
__attribute__((destructor)) static void finish(void) {
    fp_group_end();
}

static _Noreturn void end(int status) {
    fp_group_end();
    fp_sys_exit(status);
}

FP_WRAP(_Noreturn void, _exit, (int status)) {
    end(status);
}

FP_WRAP(_Noreturn void, _Exit, (int status)) {
    end(status);
}

#if defined(__FreeBSD__) || defined(__NetBSD__)
FP_WRAP(_Noreturn void, quick_exit, (int status)) {
    fp_group_end();
    FP_REAL(quick_exit)(status);
    end(status);
}
#endif

/* A handler may leave abort by longjmp, and then it is no end: with one nothing is done before. */
FP_WRAP(_Noreturn void, abort, (void)) {
    void (*handler)(int) = SIG_DFL;
    unsigned long flags;
    (void)fp_sys_disposition(SIGABRT, &handler, &flags);
    if (handler == SIG_DFL || handler == SIG_IGN)
        fp_group_end();
    FP_REAL(abort)();
    end(127);
}
