/*
 * The program's memory, read in place after a look at each page, as the environment of an exec is
 * (core/environ.c): a fresh process pays many times as much for a copy by the kernel. A thread that
 * unmaps it meanwhile is fatal.
 */
#ifndef FP_AUDIT_LOOK_H
#define FP_AUDIT_LOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "sys.h"

struct fp_look {
    uintptr_t page; /* the last one that could be read, + 1; 0: none */
};

static inline bool fp_look_at(struct fp_look *look, const void *user_at) {
    uintptr_t page = (uintptr_t)user_at / 4096 + 1; // the smallest there is
    if (page == look->page)
        return true;
    char byte;
    if (fp_is_on_valgrind() ? fp_sys_copy_in(&byte, user_at, 1) < 0 : !fp_sys_is_readable(user_at))
        return false;
    look->page = page;
    return true;
}

/* As fp_usertext_copy. */
static inline long fp_look_copy(char *to, const char *user_from, size_t size) {
    struct fp_look look = {0};
    for (size_t i = 0; i < size - 1; i++) {
        if (!fp_look_at(&look, user_from + i))
            return -EFAULT;
        to[i] = user_from[i];
        if (!to[i])
            return (long)i;
    }
    to[size - 1] = '\0';
    return (long)size - 1;
}

#endif
