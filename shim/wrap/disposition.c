/*
 * sigaction, signal and its kin: passed through. When the disposition of SIGCHLD may have changed,
 * what is remembered of it is forgotten (chld.h). Under sigpipe=epipe the program sets and sees the
 * default disposition of SIGPIPE where ours stands in its place.
 */
#include <signal.h>
#include <string.h>

#include "chld.h"
#include "note.h"
#include "settings.h"
#include "sigpipe.h"
#include "symbol.h"
#include "sys.h"
#include "wrap.h"

// Wrapped because old programs call them, not because new ones should.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

typedef void handler(int);
typedef handler *setter(int, handler *);

static bool is_replaced(int number) {
    return number == SIGPIPE && fp_settings.options.sigpipe == FP_SIGPIPE_EPIPE;
}

/* What these functions do besides (sigset unblocks, sysv_signal resets) is done by them. */
static handler *set_sigpipe(setter *next, handler *wanted) {
    bool ours = fp_sigpipe_stands();
    handler *old = next(SIGPIPE, wanted == SIG_DFL ? SIG_IGN : wanted);
    if (wanted == SIG_DFL && old != SIG_ERR)
        fp_sigpipe_replace(SIG_IGN);
    return ours && old == SIG_IGN ? SIG_DFL : old;
}

static handler *set(setter *next, int number, handler *wanted) {
    if (!next) {
        errno = ENOSYS;
        return SIG_ERR;
    }
    if (is_replaced(number))
        return set_sigpipe(next, wanted);
    if (number == SIGCHLD)
        fp_chld_changes(wanted == SIG_IGN);
    handler *old = next(number, wanted);
    if (number == SIGCHLD)
        fp_chld_changed();
    return old;
}

static int act_on_sigpipe(__typeof__(&sigaction) next, const struct sigaction *action,
                          struct sigaction *old) {
    struct sigaction ours;
    uint64_t mask = FP_SIGPIPE_MARK;
    if (action && action->sa_handler == SIG_DFL) {
        ours = *action;
        ours.sa_handler = SIG_IGN;
        memcpy(&ours.sa_mask, &mask, sizeof mask);
        action = &ours;
    }
    int result = next(SIGPIPE, action, old);
    if (result != 0 || !old)
        return result;
    memcpy(&mask, &old->sa_mask, sizeof mask);
    if (old->sa_handler == SIG_IGN && mask == FP_SIGPIPE_MARK) {
        old->sa_handler = SIG_DFL;
        memset(&old->sa_mask, 0, sizeof old->sa_mask);
    }
    return result;
}

/* What that spelling meant: SA_RESETHAND, as in System V, or not. */
static inline uint32_t flags_of(int number) {
    void (*now)(int) = SIG_DFL;
    unsigned long flags = 0;
    return fp_sys_disposition(number, &now, &flags) == 0 ? (uint32_t)flags : 0;
}

static handler *set_noted(setter *next, int number, handler *wanted) {
    FP_NOTE(note);
    struct fp_audit_handler body = {
        .signal = number, .how = FP_HANDLED_SIGNAL, .handler = (uintptr_t)wanted};
    handler *old = set(next, number, wanted);
    if (FP_AUDIT)
        body.flags = flags_of(number);
    // sigset blocks the signal for SIG_HOLD, and sets nothing.
    if (wanted != SIG_HOLD)
        fp_note_handler(&note, &body, old == SIG_ERR ? fp_note_result(-1) : 0);
    return old;
}

/* A bad address is libc's to come upon. */
static bool is_automatic(const struct sigaction *user_action) {
    struct sigaction action = {.sa_flags = 0};
    return fp_sys_copy_in(&action, user_action, sizeof action) == 0 &&
           (action.sa_handler == SIG_IGN || (action.sa_flags & SA_NOCLDWAIT));
}

static int act(int number, const struct sigaction *action, struct sigaction *old) {
    __typeof__(&sigaction) next = FP_NEXT(sigaction);
    if (next && is_replaced(number))
        return act_on_sigpipe(next, action, old);
    if (number == SIGCHLD && action)
        fp_chld_changes(is_automatic(action));
    int result = next ? next(number, action, old) : (int)fp_wrap_result(-ENOSYS);
    if (number == SIGCHLD && action)
        fp_chld_changed();
    return result;
}

FP_EXPORT int sigaction(int number, const struct sigaction *action, struct sigaction *old) {
    FP_NOTE(note);
    const struct fp_audit_handler given = fp_note_action(number, action);
    int result = act(number, action, old);
    fp_note_handler(&note, &given, fp_note_result(result));
    return result;
}
FP_EXPORT_AS(__sigaction, sigaction);

FP_EXPORT handler *signal(int number, handler *wanted) {
    return set_noted(FP_NEXT(signal), number, wanted);
}

/* The other spellings; which of them there are differs by libc. */
#define SPELLING(name)                                                                             \
    setter name;                                                                                   \
    static handler *set_by_##name(int number, handler *wanted) {                                   \
        return set_noted(FP_NEXT(name), number, wanted);                                           \
    }                                                                                              \
    FP_EXPORT_IF_IN_LIBC(name, set_by_##name)

SPELLING(bsd_signal);
SPELLING(ssignal);
SPELLING(sysv_signal);
SPELLING(__sysv_signal);
SPELLING(sigset);

static int ignore(int number) {
    FP_NOTE(note);
    const struct fp_audit_handler body = {
        .signal = number, .how = FP_HANDLED_SIGNAL, .handler = (uintptr_t)SIG_IGN};
    if (number == SIGCHLD)
        fp_chld_changes(true);
    int result = FP_NEXT(sigignore)(number);
    if (number == SIGCHLD)
        fp_chld_changed();
    fp_note_handler(&note, &body, fp_note_result(result));
    return result;
}

FP_EXPORT_IF_IN_LIBC(sigignore, ignore);
