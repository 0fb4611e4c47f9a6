#include "kept.h"

/* Of the exec that is under way, in a child that shares this thread's memory. */
static _Thread_local struct {
    void *at;
    size_t size;
} mapping;

void fp_kept_note(void *at, size_t size) {
    mapping.at = at;
    mapping.size = size;
}

void fp_kept_reclaim(void) {
    if (mapping.at)
        fp_sys_unmap(mapping.at, mapping.size);
    mapping.at = NULL;
}
