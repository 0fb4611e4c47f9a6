/*
 * What the wrappers share. A wrapper translates a calling convention and decides nothing: it calls
 * the core, which answers -errno, and touches errno once, here.
 */
#ifndef FP_WRAP_H
#define FP_WRAP_H

#include <errno.h>

/* A program may be linked with the loader and without a libc: it calls none of this. */
#pragma weak __errno_location

#define FP_EXPORT __attribute__((visibility("default")))

/* -errno to libc's convention; errno is kept on success. */
static inline long fp_wrap_result(long result) {
    if (result >= 0)
        return result;
    errno = (int)-result;
    return -1;
}

/*
 * The libc function behind a wrapper, looked up at its first use and remembered. Two threads may
 * both look: they find the same.
 */
#define FP_NEXT(name) FP_NEXT_BY(name, fp_symbol_next(#name))
#define FP_NEXT_VERSION(name, version) FP_NEXT_BY(name, fp_symbol_next_version(#name, version))

#define FP_NEXT_BY(name, lookup)                                                                   \
    __extension__({                                                                                \
        static void *remembered_;                                                                  \
        void *next_ = __atomic_load_n(&remembered_, __ATOMIC_RELAXED);                             \
        if (!next_) {                                                                              \
            next_ = lookup;                                                                        \
            __atomic_store_n(&remembered_, next_, __ATOMIC_RELAXED);                               \
        }                                                                                          \
        (__typeof__(&name))next_;                                                                  \
    })

/* Exports `function` as a version of `name` that only programs linked long ago ask for. */
#define FP_EXPORT_VERSION(function, name, version)                                                 \
    __asm__(".symver " #function ", " #name "@" version ", remove")

/*
 * Exports `name` only where libc has it too: programs look for newer functions and must not find
 * one that cannot work. An indirect function that resolves to nothing is not there for dlsym, and
 * musl does not see indirect functions at all. `wrapper` is the hidden function behind it.
 */
#define FP_EXPORT_IF_IN_LIBC(name, wrapper)                                                        \
    __attribute__((used)) static __typeof__(&wrapper) resolve_##name(void) {                       \
        return fp_symbol_next(#name) ? wrapper : NULL;                                             \
    }                                                                                              \
    FP_EXPORT __typeof__(wrapper) name __attribute__((ifunc("resolve_" #name)))

/* Exports `name`, defined in the same file, by the name that glibc's own libraries call it by, too.
 */
#define FP_EXPORT_AS(other, name)                                                                  \
    __asm__(".globl " #other "\n.type " #other ", %function\n.set " #other ", " #name)

#endif
