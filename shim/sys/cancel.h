/*
 * Cancellation points made of raw system calls, and leaving by longjmp.
 *
 * libc's waits act on a pending pthread_cancel and are interrupted by one. While a raw call blocks
 * between fp_cancel_open and fp_cancel_close the thread is cancelled at once instead of at its next
 * libc call, as libc does around its own. Only calls without a lasting effect may stand there.
 *
 * The libc functions are weak: a program without threads on an old glibc may not have them.
 */
#ifndef FP_SYS_CANCEL_H
#define FP_SYS_CANCEL_H

#include <pthread.h>
#include <stddef.h>

#if defined(__linux__)
#include "linux/cleanup.h"
#else
#include "bsd/cleanup.h"
#endif

extern int pthread_setcanceltype(int type, int *old) __attribute__((weak));
extern void pthread_testcancel(void) __attribute__((weak));

/* Acts on a pending cancellation. */
static inline void fp_cancel_test(void) {
    if (pthread_testcancel)
        pthread_testcancel();
}

static inline int fp_cancel_open(void) {
    int type = PTHREAD_CANCEL_DEFERRED;
    if (pthread_setcanceltype)
        pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &type);
    return type;
}

static inline void fp_cancel_close(int type) {
    if (pthread_setcanceltype)
        pthread_setcanceltype(type, NULL);
}

#endif
