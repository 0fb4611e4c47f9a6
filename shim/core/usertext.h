/* Text of the program's, which may be anywhere or nowhere. */
#ifndef FP_USERTEXT_H
#define FP_USERTEXT_H

#include <stddef.h>
#include <stdint.h>

#include "sys.h"

/*
 * Copies a string of at most size - 1 bytes, cut off and terminated. Returns its length, or -EFAULT
 * when it cannot be read. Page by page: the next may not be there.
 */
static inline long fp_usertext_copy(char *to, const char *user_from, size_t size) {
    size_t used = 0;
    while (used < size - 1) {
        size_t piece = 4096 - (uintptr_t)(user_from + used) % 4096;
        if (piece > size - 1 - used)
            piece = size - 1 - used;
        if (fp_sys_copy_in(to + used, user_from + used, piece) < 0)
            return -EFAULT;
        for (size_t end = used + piece; used < end; used++)
            // NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Branch): written by the kernel
            if (!to[used])
                return (long)used;
    }
    to[used] = '\0';
    return (long)used;
}

#endif
