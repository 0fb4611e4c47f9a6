/* The arguments of execl and its kin, gathered as libc gathers them: on the stack. */
#ifndef FP_WRAP_GATHER_H
#define FP_WRAP_GATHER_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

static inline size_t fp_count_arguments(const char *first, va_list list) {
    size_t count = 0;
    for (const char *argument = first; argument; argument = va_arg(list, const char *))
        count++;
    return count;
}

/* Leaves the list after the NULL, where execle's environment stands. */
#define FP_GATHER(argv, first, list)                                                               \
    do {                                                                                           \
        va_start(list, first);                                                                     \
        size_t count_ = fp_count_arguments(first, list);                                           \
        va_end(list);                                                                              \
        va_start(list, first);                                                                     \
        argv = alloca((count_ + 1) * sizeof *argv);                                                \
        argv[0] = (char *)(uintptr_t)first;                                                        \
        for (size_t i_ = 1; i_ <= count_; i_++)                                                    \
            argv[i_] = va_arg(list, char *);                                                       \
    } while (0)

#endif
