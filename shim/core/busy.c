#include "busy.h"

#include <stdatomic.h>

#define DEPTH 6

static _Thread_local struct {
    atomic_int depth;
    pid_t pids[DEPTH];
} busy;

void fp_busy_push(pid_t pid) {
    int depth = atomic_load_explicit(&busy.depth, memory_order_relaxed);
    if (depth < DEPTH)
        busy.pids[depth] = pid;
    // A handler above finds the pid written.
    atomic_signal_fence(memory_order_seq_cst);
    atomic_store_explicit(&busy.depth, depth + 1, memory_order_relaxed);
}

void fp_busy_pop(void) {
    int depth = atomic_load_explicit(&busy.depth, memory_order_relaxed);
    if (depth > 0)
        atomic_store_explicit(&busy.depth, depth - 1, memory_order_relaxed);
}

bool fp_busy_with(pid_t pid) {
    int depth = atomic_load_explicit(&busy.depth, memory_order_relaxed);
    for (int i = 0; i < depth && i < DEPTH; i++)
        if (busy.pids[i] == pid)
            return true;
    return depth > DEPTH;
}
