#include "pending.h"

#include <errno.h>
#include <stddef.h>
#include <sys/wait.h>

#include "claim.h"
#include "event.h"
#include "point.h"
#include "stash.h"
#include "sys.h"
#include "table.h"

/* A wait in a handler above a wait in a handler above a wait: deeper is not followed. */
#define DEPTH 3

static _Thread_local struct {
    atomic_int depth;
    atomic_int passed;
    struct fp_pending notes[DEPTH];
} pending;

struct fp_pending *fp_pending_push(int options) {
    int depth = atomic_load_explicit(&pending.depth, memory_order_relaxed);
    struct fp_pending *note = depth < DEPTH ? &pending.notes[depth] : NULL;
    if (note) {
        note->options = options;
        note->info.si_pid = 0;
        atomic_store_explicit(&note->taken, false, memory_order_relaxed);
        atomic_store_explicit(&note->claiming, false, memory_order_relaxed);
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

/* Which registration of the pid is, or will be, that of its child, alive, zombie or stashed. */
static fp_word registration_of(pid_t pid) {
    _Atomic(fp_word) *word = fp_table_word(pid);
    fp_word w = word ? atomic_load(word) : 0;
    bool is_registered = fp_word_n(w) > 0 || (w & FP_STASH);
    return (w + (is_registered ? 0 : FP_GENERATION)) & FP_GENERATIONS;
}

void fp_pending_claim(struct fp_pending *note) {
    note->registration = registration_of(note->info.si_pid);
    atomic_store(&note->claiming, true);
}

bool fp_pending_claims(pid_t pid) {
    int depth = atomic_load_explicit(&pending.depth, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
    for (int i = 0; i < depth && i < DEPTH; i++) {
        const struct fp_pending *note = &pending.notes[i];
        if (!atomic_load(&note->claiming) || note->info.si_pid != pid ||
            note->registration != registration_of(pid))
            continue;
        atomic_store(&pending.passed, true);
        return true;
    }
    return false;
}

bool fp_pending_passed(void) {
    return atomic_load(&pending.passed) && atomic_exchange(&pending.passed, false);
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

/* Another thread may have stashed it since it was seen. */
static bool take_stashed(struct fp_pending *note, pid_t pid) {
    struct fp_event event;
    const struct fp_wanted wanted = {P_PID, pid, WEXITED};
    if (!fp_stash_take(&wanted, &event))
        return false;
    note->info.si_uid = event.uid;
    note->info.si_code = event.code;
    note->info.si_status = event.status;
    note->usage = event.usage;
    return true;
}

/* Not given away yet, whoever has it. */
static bool is_to_be_had(pid_t pid) {
    struct fp_zombie unused;
    _Atomic(fp_word) *word = fp_table_word(pid);
    fp_word w = word ? atomic_load(word) : 0;
    return (!(w & FP_DEFER) || (w & FP_STASH)) && fp_claim_peek(pid, &unused);
}

/* A status that is being stashed may be taken back before we look for it in the stash. */
static bool take_zombie(struct fp_pending *note, pid_t pid) {
    do {
        if (take_end(note, pid))
            return true;
        fp_point(FP_POINT_SETTLING);
        if (take_stashed(note, pid))
            return true;
    } while (is_to_be_had(pid));
    return false;
}

static bool take_stop(struct fp_pending *note, pid_t pid) {
    siginfo_t info = {0};
    int options =
        fp_event_option(note->info.si_code) | WNOHANG | (note->options & FP_CLONE_OPTIONS);
    return fp_sys_waitid(P_PID, pid, &info, options, &note->usage) == 0 && info.si_pid != 0;
}

static void settle(struct fp_pending *note) {
    pid_t pid = note->info.si_pid;
    if (pid == 0 || (note->options & WNOWAIT) || atomic_load(&note->taken) ||
        atomic_load(&note->claiming) || fp_pending_claims(pid))
        return;
    if (fp_event_is_end(note->info.si_code) ? take_zombie(note, pid) : take_stop(note, pid))
        atomic_store(&note->taken, true);
}

void fp_pending_settle(void) {
    int depth = atomic_load_explicit(&pending.depth, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
    for (int i = 0; i < depth && i < DEPTH; i++)
        settle(&pending.notes[i]);
}
