/*
 * What the wrappers for macOS and the BSDs share. They are few lines each, as those for Linux: what
 * they decide stands in the core.
 *
 *     FP_WRAP(pid_t, wait, (int *status)) { … }
 *
 * On a BSD that defines `wait` (or what the system's header makes of it: NetBSD names many anew),
 * to be found before libc's. On macOS, where a name belongs to its library, it is a function of
 * ours and an entry of the section from which dyld takes what to put in the place of what.
 */
#ifndef FP_WRAP_BSD_H
#define FP_WRAP_BSD_H

#include <errno.h>

#include "settings.h"
#include "sys.h"

#if defined(__APPLE__)
#define FP_WRAP(type, name, parameters)                                                            \
    static type fp_wrap_##name parameters;                                                         \
    __attribute__((used, section("__DATA,__interpose"))) static const struct {                     \
        const void *ours, *theirs;                                                                 \
    } fp_interpose_##name = {(const void *)fp_wrap_##name, (const void *)(name)};                  \
    static type fp_wrap_##name parameters
/* Ours, called from another wrapper. */
#define FP_OWN(name) fp_wrap_##name
#else
#define FP_WRAP(type, name, parameters) __attribute__((visibility("default"))) type name parameters
#define FP_OWN(name) name
#endif

/* -errno to libc's convention; errno is kept on success. */
static inline long fp_wrap_result(long result) {
    if (result >= 0)
        return result;
    errno = (int)-result;
    return -1;
}

#endif
