/* The watch's state: what an image is given, and what becomes of it in forks. See watch.h. */
#include "watch.h"

#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>

#include "../wrap/wrap.h"
#include "contract.h"
#include "proc.h"
#include "settings.h"
#include "symbol.h"
#include "sys.h"
#include "text.h"
#include "watch_inner.h"

/* A program may be linked with the loader and without a libc. */
#pragma weak stdout

struct fp_watch_state fp_watch_state;
atomic_uint fp_watching;

#define STATE (&fp_watch_state)

/* --- the image --- */

/* Before it is needed: what is never forked, and has nothing to tell only once, does without. */
static struct fp_watch_own *own_made(void) {
    struct fp_watch_own *own = atomic_load(&STATE->own);
    if (own)
        return own;
    own = fp_log_room();
    if (own) {
        atomic_store(&own->pid, fp_sys_getpid());
        atomic_store(&STATE->own, own);
    }
    return own;
}

bool fp_watch_is_ignored(int signal) {
    void (*handler)(int) = SIG_DFL;
    unsigned long flags;
    return fp_sys_disposition(signal, &handler, &flags) == 0 && handler == SIG_IGN;
}

static void note_given(void) {
    STATE->blocked = fp_sys_blocked();
    STATE->had = (fp_watch_is_ignored(SIGPIPE) ? FP_EXEC_HAD_NO_SIGPIPE : 0) |
                 (fp_watch_is_ignored(SIGCHLD) ? FP_EXEC_HAD_NO_SIGCHLD : 0);
    fp_watch_inherit_blocked(STATE->blocked);
}

/*
 * The kernel's copy of the environment: there before libc has its own, and before what an exec has
 * added is hidden from the program.
 */
static bool open_by_environ(void) {
    struct fp_proc_variables variables;
    const char *variable;
    const char *path = NULL;
    if (!fp_proc_variables_begin(&variables, fp_sys_getpid()))
        return false;
    while (!path && (variable = fp_proc_variables_next(&variables)))
        path = fp_variable_value(variable, FP_ENV_RECORD);
    bool is_open = path && fp_log_open(path);
    fp_proc_variables_end(&variables);
    return is_open;
}

static bool open_record(void) {
    const char *variable = fp_settings_record(&fp_settings);
    return variable ? fp_log_open(variable + sizeof FP_ENV_RECORD) : open_by_environ();
}

void fp_watch_begin(char *const *argv, char *const *envp) {
    static atomic_int has_begun;
    if (atomic_exchange(&has_begun, true))
        return;
    note_given();
    if (!open_record())
        return;
    fp_watch_given_variables(envp);
    fp_log_stack_end(argv);
    fp_log_image(argv);
    fp_log_mappings_due();
}

/* --- who this is --- */

/* Made by a call that no wrapper sees: known by its memory, which the kernel has wiped. */
static struct fp_watch_own *own_settled(void) {
    struct fp_watch_own *own = atomic_load(&STATE->own);
    if (own && atomic_load_explicit(&own->pid, memory_order_relaxed) == 0) {
        atomic_store(&own->pid, fp_sys_getpid());
        atomic_store(&STATE->in_child, true);
        atomic_fetch_and(&fp_watching, FP_WATCHING_VFORK - 1);
    }
    return own;
}

bool fp_watch_is_vfork_child(void) {
    struct fp_watch_own *own = own_settled();
    return own && atomic_load(&fp_watching) >= FP_WATCHING_VFORK &&
           atomic_load(&own->pid) != fp_sys_getpid();
}

bool fp_watch_is_child(void) {
    bool is_vfork_child = fp_watch_is_vfork_child();
    return is_vfork_child || atomic_load(&STATE->in_child);
}

/* --- what was told --- */

static unsigned slot_of(uintptr_t key) {
    return (unsigned)((key * (uintptr_t)UINT64_C(0x9e3779b97f4a7c15)) >> (sizeof key * 8 - 16)) %
           FP_WATCH_SEEN;
}

/* An empty slot for the key, the key's own, or NULL when neither is near. */
static _Atomic(uintptr_t) *find(struct fp_watch_own *own, uintptr_t key) {
    unsigned slot = slot_of(key);
    for (unsigned i = 0; i < 16; i++) {
        _Atomic(uintptr_t) *at = &own->seen[(slot + i) % FP_WATCH_SEEN];
        uintptr_t there = atomic_load_explicit(at, memory_order_relaxed);
        if (there == 0 || there == key)
            return at;
    }
    return NULL;
}

bool fp_watch_is_new(uintptr_t key) {
    struct fp_watch_own *own = own_made() ? own_settled() : NULL;
    _Atomic(uintptr_t) *at = own ? find(own, key) : NULL;
    uintptr_t none = 0;
    return at && atomic_compare_exchange_strong(at, &none, key);
}

/* --- forks --- */

static uint32_t count_threads(void) {
    struct fp_proc self = {0};
    if (!atomic_load(&STATE->has_threads))
        return 1;
    return fp_proc_read(fp_sys_getpid(), &self) ? self.threads : 0;
}

/* In stdout only: what else a program has open it knows by itself. */
static uint32_t count_pending(void) {
    __typeof__(&__fpending) fpending = FP_NEXT(__fpending);
    if (!fpending || !&stdout || !stdout || !fp_sys_is_readable(stdout))
        return 0;
    size_t pending = fpending(stdout);
    return pending <= UINT32_MAX / 2 ? (uint32_t)pending : 0;
}

static atomic_int is_mapped_anew;

void fp_watch_mapped(void) {
    atomic_store(&is_mapped_anew, true);
}

void fp_watch_fork_begin(struct fp_watch_fork *ret, bool is_vfork) {
    *ret = (struct fp_watch_fork){0};
    if (!fp_log_is_on())
        return;
    if (atomic_exchange(&is_mapped_anew, false))
        fp_log_mappings_due();
    fp_log_mappings_settle(); // the child has the same
    ret->threads = count_threads();
    ret->pending = count_pending();
    ret->is_vfork = is_vfork;
    fp_log_prepare();
    (void)own_made();
    if (!is_vfork)
        return;
    atomic_store(&STATE->moved_in_vfork, false);
    atomic_fetch_add(&fp_watching, FP_WATCHING_VFORK);
}

static void leave_vfork(void) {
    unsigned old = atomic_load(&fp_watching);
    while (old >= FP_WATCHING_VFORK &&
           !atomic_compare_exchange_weak(&fp_watching, &old, old - FP_WATCHING_VFORK))
        ;
}

void fp_watch_fork_end(const struct fp_watch_fork *fork, enum fp_audit_forked how, int child,
                       const struct fp_here *here) {
    struct fp_audit_fork body = {
        .child = child, .how = how, .threads = fork->threads, .pending = fork->pending};
    if (fork->is_vfork)
        leave_vfork();
    fp_log_body(FP_AUDIT_FORK, &body, here);
}

void fp_watch_fork_child(const struct fp_watch_fork *fork) {
    struct fp_watch_own *own = atomic_load(&STATE->own);
    bool was_of_threads = atomic_load(&STATE->of_threads); // its locks are as they were
    bool of_threads = fork->threads > 1 || was_of_threads;
    fp_log_child();
    if (own)
        atomic_store(&own->pid, fp_sys_getpid());
    atomic_store(&STATE->in_child, true);
    atomic_store(&STATE->of_threads, of_threads);
    atomic_store(&STATE->has_threads, false);
    atomic_store(&STATE->moved, false);
    unsigned handled = atomic_load(&fp_watching) & FP_WATCHING_HANDLED;
    atomic_store(&fp_watching, handled | (own && of_threads ? FP_WATCHING_CHILD : 0));
}

/* --- ends --- */

void fp_watch_exit(enum fp_audit_ended how, int status, const struct fp_here *here) {
    bool is_place = how != FP_ENDED_RETURN || status != 0 || fp_watch_is_child();
    fp_log_exit(how, status, is_place ? here : NULL);
}

void fp_watch_return(int status, const struct fp_here *here) {
    fp_log_exit(FP_ENDED_RETURN, status, fp_watch_is_child() ? here : NULL);
}

/* --- others --- */

void fp_watch_thread(void) {
    if (!fp_watch_is_vfork_child())
        atomic_store(&STATE->has_threads, true);
}

void fp_watch_moved(void) {
    atomic_store(fp_watch_is_vfork_child() ? &STATE->moved_in_vfork : &STATE->moved, true);
}
