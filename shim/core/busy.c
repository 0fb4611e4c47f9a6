#include "busy.h"

#include <stdatomic.h>

static _Thread_local atomic_int depth;

void fp_busy_push(void) {
    int old = atomic_load_explicit(&depth, memory_order_relaxed);
    atomic_store_explicit(&depth, old + 1, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
}

void fp_busy_pop(void) {
    int old = atomic_load_explicit(&depth, memory_order_relaxed);
    if (old > 0)
        atomic_store_explicit(&depth, old - 1, memory_order_relaxed);
}

bool fp_busy(void) {
    return atomic_load_explicit(&depth, memory_order_relaxed) > 0;
}
