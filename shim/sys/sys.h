/*
 * What differs by operating system, behind one header. A port adds a folder beside linux/ with the
 * same functions: docs/porting.md.
 */
#ifndef FP_SYS_H
#define FP_SYS_H

#if defined(__linux__)
#include "linux/calls.h"
#elif defined(__APPLE__)
#include "darwin/calls.h"
#elif defined(__FreeBSD__)
#include "freebsd/calls.h"
#elif defined(__NetBSD__)
#include "netbsd/calls.h"
#elif defined(__OpenBSD__)
#include "openbsd/calls.h"
#else
#error "no sys implementation for this system"
#endif

/* The signal's handler and SA_ flags. */
static inline long fp_sys_disposition(int signal, void (**ret_handler)(int),
                                      unsigned long *ret_flags) {
    struct fp_sys_action old = {0};
    long result = fp_sys_sigaction(signal, NULL, &old);
    *ret_handler = old.handler;
    *ret_flags = old.flags;
    return result;
}

#endif
