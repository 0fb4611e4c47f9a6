#include "pending.h"

#include <errno.h>
#include <stddef.h>
#include <sys/wait.h>

#include "claim.h"
#include "event.h"
#include "sys.h"

/* A wait in a handler above a wait in a handler above a wait: deeper is not followed. */
#define DEPTH 3

static _Thread_local struct {
    atomic_int depth;
    struct fp_pending notes[DEPTH];
} pending;

struct fp_pending *fp_pending_push(int options) {
    int depth = atomic_load_explicit(&pending.depth, memory_order_relaxed);
    struct fp_pending *note = depth < DEPTH ? &pending.notes[depth] : NULL;
    if (note) {
        note->options = options;
        note->info.si_pid = 0;
        atomic_store_explicit(&note->taken, false, memory_order_relaxed);
    }
    // A handler above sees the note only when it is clean.
    atomic_signal_fence(memory_order_seq_cst);
    atomic_store_explicit(&pending.depth, depth + 1, memory_order_relaxed);
    return note;
}

void fp_pending_pop(void) {
    int depth = atomic_load_explicit(&pending.depth, memory_order_relaxed);
    if (depth > 0)
        atomic_store_explicit(&pending.depth, depth - 1, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
}

static long reap(const void *context, pid_t pid) {
    struct fp_pending *note = *(struct fp_pending *const *)context;
    siginfo_t info = {0};
    int options = WEXITED | WNOHANG | (note->options & FP_CLONE_OPTIONS);
    if (fp_sys_waitid(P_PID, pid, &info, options, &note->usage) < 0 || !info.si_pid)
        return 0;
    note->info = info; // the pid may have come back since it was seen
    return pid;
}

static bool take_end(struct fp_pending *note, pid_t pid) {
    long result;
    struct fp_zombie zombie;
    enum fp_claim claim = fp_claim_zombie(pid, reap, &note, &result, &zombie);
    if (claim == FP_CLAIM_DEFERRED) {
        note->info = zombie.info;
        note->usage = zombie.usage;
    }
    return claim != FP_CLAIM_LOST;
}

static bool take_stop(struct fp_pending *note, pid_t pid) {
    siginfo_t info = {0};
    int options =
        fp_event_option(note->info.si_code) | WNOHANG | (note->options & FP_CLONE_OPTIONS);
    return fp_sys_waitid(P_PID, pid, &info, options, &note->usage) == 0 && info.si_pid != 0;
}

static void settle(struct fp_pending *note) {
    pid_t pid = note->info.si_pid;
    if (pid == 0 || (note->options & WNOWAIT) || atomic_load(&note->taken))
        return;
    if (fp_event_is_end(note->info.si_code) ? take_end(note, pid) : take_stop(note, pid))
        atomic_store(&note->taken, true);
}

void fp_pending_settle(void) {
    int depth = atomic_load_explicit(&pending.depth, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
    for (int i = 0; i < depth && i < DEPTH; i++)
        settle(&pending.notes[i]);
}
