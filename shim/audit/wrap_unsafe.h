/* Wrappers of calls that are not async-signal-safe: they tell where they are called, and call. */
#ifndef FP_AUDIT_WRAP_UNSAFE_H
#define FP_AUDIT_WRAP_UNSAFE_H

#include "../wrap/wrap.h"
#include "symbol.h"
#include "watch.h"

/* First in the wrapper of `name`: one look at one word, while there is nothing to watch. */
#define FP_UNSAFE(name)                                                                            \
    do {                                                                                           \
        if (__builtin_expect(atomic_load_explicit(&fp_watching, memory_order_relaxed) != 0, 0))    \
            fp_watch_unsafe(#name, __builtin_return_address(0));                                   \
    } while (0)

/*
 * A wrapper of a function that returns a value: its type, the parameters, the arguments, and what
 * it answers where libc has no such function.
 */
#define FP_UNSAFE_CALL(type, name, parameters, arguments, missing)                                 \
    FP_EXPORT type name parameters {                                                               \
        FP_UNSAFE(name);                                                                           \
        __typeof__(&name) next_function = FP_NEXT(name);                                           \
        if (!next_function)                                                                        \
            return missing;                                                                        \
        return next_function arguments;                                                            \
    }

#endif
