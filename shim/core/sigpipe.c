#include "sigpipe.h"

#include <signal.h>

#include "sys.h"

static bool is_ours(const struct fp_sys_action *action) {
    return action->handler == SIG_IGN && action->mask == FP_SIGPIPE_MARK;
}

static struct fp_sys_action current(void) {
    struct fp_sys_action action = {0};
    (void)fp_sys_sigaction(SIGPIPE, NULL, &action);
    return action;
}

bool fp_sigpipe_stands(void) {
    const struct fp_sys_action action = current();
    return is_ours(&action);
}

static struct fp_sys_action ours_for(struct fp_sys_action action) {
    action.handler = SIG_IGN;
    action.mask = FP_SIGPIPE_MARK;
    return action;
}

void fp_sigpipe_replace(void (*handler)(int)) {
    const struct fp_sys_action old = current();
    const struct fp_sys_action ours = ours_for(old);
    if (old.handler == handler)
        (void)fp_sys_sigaction(SIGPIPE, &ours, NULL);
}

bool fp_sigpipe_disarm(void) {
    static const struct fp_sys_action none = {.handler = SIG_DFL};
    return fp_sigpipe_stands() && fp_sys_sigaction(SIGPIPE, &none, NULL) == 0;
}

long fp_sigpipe_action(const void *user_action, void *user_old, size_t size) {
    struct fp_sys_action action = {0};
    struct fp_sys_action old = {0};
    const void *wanted = user_action;
    if (size != sizeof action.mask)
        return -EINVAL;
    // What cannot be read is the kernel's to refuse.
    if (user_action && fp_sys_copy_in(&action, user_action, sizeof action) == 0 &&
        action.handler == SIG_DFL) {
        action = ours_for(action);
        wanted = &action;
    }
    long result = fp_sys_sigaction(SIGPIPE, wanted, &old);
    if (result < 0 || !user_old)
        return result;
    if (is_ours(&old)) {
        old.handler = SIG_DFL;
        old.mask = 0;
    }
    const struct fp_sys_run run = {user_old, &old, sizeof old};
    return fp_sys_copy_out(&run, 1);
}
