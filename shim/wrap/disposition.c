/*
 * sigaction, signal and its kin: passed through. When the disposition of SIGCHLD may have changed,
 * what is remembered of it is forgotten.
 */
#include <signal.h>

#include "chld.h"
#include "symbol.h"
#include "wrap.h"

// Wrapped because old programs call them, not because new ones should.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

typedef void handler(int);
typedef handler *setter(int, handler *);

static handler *set(setter *next, int number, handler *wanted) {
    if (!next) {
        errno = ENOSYS;
        return SIG_ERR;
    }
    handler *old = next(number, wanted);
    if (number == SIGCHLD)
        fp_chld_forget();
    return old;
}

FP_EXPORT int sigaction(int number, const struct sigaction *action, struct sigaction *old) {
    __typeof__(&sigaction) next = FP_NEXT(sigaction);
    int result = next ? next(number, action, old) : (int)fp_wrap_result(-ENOSYS);
    if (number == SIGCHLD && action)
        fp_chld_forget();
    return result;
}

FP_EXPORT handler *signal(int number, handler *wanted) {
    return set(FP_NEXT(signal), number, wanted);
}

/* The other spellings; which of them there are differs by libc. */
#define SPELLING(name)                                                                             \
    setter name;                                                                                   \
    static handler *set_by_##name(int number, handler *wanted) {                                   \
        return set(FP_NEXT(name), number, wanted);                                                 \
    }                                                                                              \
    FP_EXPORT_IF_IN_LIBC(name, set_by_##name)

SPELLING(bsd_signal);
SPELLING(ssignal);
SPELLING(sysv_signal);
SPELLING(__sysv_signal);
SPELLING(sigset);

static int ignore(int number) {
    int result = FP_NEXT(sigignore)(number);
    if (number == SIGCHLD)
        fp_chld_forget();
    return result;
}

FP_EXPORT_IF_IN_LIBC(sigignore, ignore);
