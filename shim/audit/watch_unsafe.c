/* Calls that are not async-signal-safe, and where they are made: in a child, in a handler. */
#include <signal.h>

#include "sys.h"
#include "text.h"
#include "watch_inner.h"

/* --- what signals the program blocks --- */

static struct {
    _Atomic(uint64_t) handled; /* they have a handler */
    _Atomic(uint64_t) asked;   /* the program blocks them, or some thread of it may */
    _Atomic(uint64_t) ever;    /* it once did */
} signals;

/* libc blocks it, with all others, around what no handler may see; no program can. */
#define OF_LIBC (UINT64_C(1) << 31)

static uint64_t bit_of(int signal) {
    return signal >= 1 && signal <= 64 ? UINT64_C(1) << (signal - 1) : 0;
}

static void add_asked(uint64_t set) {
    atomic_fetch_or(&signals.asked, set);
    atomic_fetch_or(&signals.ever, set);
}

void fp_watch_inherit_blocked(uint64_t blocked) {
    add_asked(blocked);
}

static bool has_handler_now(int signal) {
    void (*handler)(int) = SIG_DFL;
    unsigned long flags;
    return fp_sys_disposition(signal, &handler, &flags) == 0 && handler != SIG_DFL &&
           handler != SIG_IGN;
}

/* A vfork child's dispositions are its own, and what it takes away its parent still has. */
void fp_watch_handled(int signal, bool has_handler) {
    if (!fp_log_is_on())
        return;
    if (has_handler || has_handler_now(signal))
        atomic_fetch_or(&signals.handled, bit_of(signal));
    else if (!fp_watch_is_vfork_child())
        atomic_fetch_and(&signals.handled, ~bit_of(signal));
    if (atomic_load(&signals.handled))
        atomic_fetch_or(&fp_watching, FP_WATCHING_HANDLED);
    else
        atomic_fetch_and(&fp_watching, ~FP_WATCHING_HANDLED);
}

/* Whose thread has unblocked a signal is not known where there are several. */
static bool may_shrink(void) {
    return !atomic_load(&fp_watch_state.has_threads) && !fp_watch_is_vfork_child();
}

void fp_watch_asked(int how, const void *user_set) {
    uint64_t set = 0;
    if (!fp_log_is_on() || fp_sys_copy_in(&set, user_set, sizeof set) < 0)
        return;
    if (how == SIG_UNBLOCK && may_shrink())
        atomic_fetch_and(&signals.asked, ~set);
    if (how == SIG_SETMASK && may_shrink())
        atomic_fetch_and(&signals.asked, set);
    if (how != SIG_UNBLOCK)
        add_asked(set);
}

void fp_watch_suspended(const void *user_set) {
    fp_watch_asked(SIG_BLOCK, user_set);
}

/* A jump may bring back a mask that was kept in its target, and leave a handler for good. */
void fp_watch_jumped(void) {
    if (atomic_load(&fp_watching) & FP_WATCHING_HANDLED)
        add_asked(fp_sys_blocked() | atomic_load(&signals.ever));
}

static bool is_in_handler(void) {
    uint64_t blocked = fp_sys_blocked();
    return !(blocked & OF_LIBC) &&
           (blocked & atomic_load(&signals.handled) & ~atomic_load(&signals.asked));
}

/* --- calls --- */

/* Where it matters, FP_UNSAFE_…. */
static uint32_t situation(unsigned watching) {
    uint32_t flags = 0;
    if (watching & FP_WATCHING_CHILD)
        flags |= FP_UNSAFE_IN_CHILD | FP_UNSAFE_THREADED;
    if (watching >= FP_WATCHING_VFORK && fp_watch_is_vfork_child())
        flags |= FP_UNSAFE_IN_VFORK;
    if ((watching & FP_WATCHING_HANDLED) && is_in_handler())
        flags |= FP_UNSAFE_IN_HANDLER;
    return flags;
}

/* One place may do both, one after the other. */
static uintptr_t key_of(const char *name, const void *from, uint32_t flags) {
    return ((uintptr_t)from ^ (uintptr_t)name << 5) * 16 + flags;
}

/* Few places each, and those may be deep below a handler: all that is kept of a stack. */
static __attribute__((noinline)) void tell(const char *name, uint32_t flags) {
    struct fp_here here;
    struct fp_audit_unsafe body = {.flags = flags};
    fp_here_take(&here);
    fp_log(&(struct fp_log_event){.kind = FP_AUDIT_UNSAFE,
                                  .parts = {{&body, sizeof body}, {name, fp_text_length(name)}}},
           &here);
}

void fp_watch_unsafe(const char *name, const void *from) {
    uint32_t flags = situation(atomic_load_explicit(&fp_watching, memory_order_relaxed));
    if (flags && fp_watch_is_new(key_of(name, from, flags)))
        tell(name, flags);
}

void fp_watch_unsafe_in_child(const char *name, const void *from) {
    unsigned watching = atomic_load_explicit(&fp_watching, memory_order_relaxed);
    uint32_t flags = situation(watching & FP_WATCHING_CHILD);
    if (flags && fp_watch_is_new(key_of(name, from, flags)))
        tell(name, flags);
}

void fp_watch_atexit(const void *handler) {
    struct fp_here here;
    struct fp_audit_atexit body = {.handler = (uintptr_t)handler};
    if (!fp_log_is_on() || !fp_watch_is_new((uintptr_t)handler ^ 1))
        return;
    fp_here_take(&here);
    fp_log(&(struct fp_log_event){.kind = FP_AUDIT_ATEXIT,
                                  .stack = FP_LOG_SHORT_STACK,
                                  .parts = {{&body, sizeof body}}},
           &here);
}

void fp_watch_caught(void) {
    struct fp_here here;
    struct fp_audit_caught body = {0};
    if (!fp_log_is_on() || !fp_watch_is_child())
        return;
    fp_here_take(&here);
    fp_log_body(FP_AUDIT_CAUGHT, &body, &here);
}
