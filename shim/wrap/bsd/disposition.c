/*
 * sigaction and signal: passed through. When the disposition of SIGCHLD may have changed, what is
 * remembered of it is forgotten (core/chld.h). Under sigpipe=epipe the program sets and sees the
 * default disposition of SIGPIPE where ours stands in its place.
 */
#include "chld.h"
#include "sigpipe.h"
#include "wrap.h"

static bool is_replaced(int number) {
    return number == SIGPIPE && fp_settings.options.sigpipe == FP_SIGPIPE_EPIPE;
}

/* A bad address is libc's to come upon. */
static bool is_automatic(const struct sigaction *user_action) {
    struct sigaction action;
    return fp_sys_copy_in(&action, user_action, sizeof action) == 0 &&
           (action.sa_handler == SIG_IGN || (action.sa_flags & SA_NOCLDWAIT));
}

static int act_on_sigpipe(const struct sigaction *action, struct sigaction *old) {
    struct sigaction ours;
    if (action && action->sa_handler == SIG_DFL) {
        ours = *action;
        ours.sa_handler = SIG_IGN;
        ours.sa_mask = fp_sys_set_of(FP_SIGPIPE_MARK);
        action = &ours;
    }
    int result = FP_REAL(sigaction)(SIGPIPE, action, old);
    if (result == 0 && old && old->sa_handler == SIG_IGN &&
        fp_sys_bits_of(&old->sa_mask) == FP_SIGPIPE_MARK) {
        old->sa_handler = SIG_DFL;
        sigemptyset(&old->sa_mask);
    }
    return result;
}

FP_WRAP(int, sigaction, (int number, const struct sigaction *action, struct sigaction *old)) {
    if (is_replaced(number))
        return act_on_sigpipe(action, old);
    if (number != SIGCHLD || !action)
        return FP_REAL(sigaction)(number, action, old);
    fp_chld_changes(is_automatic(action));
    int result = FP_REAL(sigaction)(number, action, old);
    fp_chld_changed();
    return result;
}

typedef void handler(int);

FP_WRAP(handler *, signal, (int number, handler *wanted)) {
    if (is_replaced(number)) {
        bool ours = fp_sigpipe_stands();
        handler *old = FP_REAL(signal)(SIGPIPE, wanted == SIG_DFL ? SIG_IGN : wanted);
        if (wanted == SIG_DFL && old != SIG_ERR)
            fp_sigpipe_replace(SIG_IGN);
        return ours && old == SIG_IGN ? SIG_DFL : old;
    }
    if (number == SIGCHLD)
        fp_chld_changes(wanted == SIG_IGN);
    handler *old = FP_REAL(signal)(number, wanted);
    if (number == SIGCHLD)
        fp_chld_changed();
    return old;
}
