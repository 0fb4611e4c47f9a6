/*
 * fork and its kin: the child is registered before anybody is told of it. vfork and rfork are
 * libc's own: whose return address lies on a stack that is shared cannot be called from here.
 */
#include "birth.h"
#include "wrap.h"

static pid_t fork_by(pid_t (*next)(void)) {
    int refused = fp_birth_begin();
    if (refused < 0)
        return (pid_t)fp_wrap_result(refused);
    pid_t pid = next();
    if (pid != 0)
        return fp_birth_end(pid, (struct fp_birth){0});
    fp_birth_child();
    return 0;
}

FP_WRAP(pid_t, fork, (void)) {
    return fork_by(FP_REAL(fork));
}

#if defined(__FreeBSD__)
FP_WRAP(pid_t, _Fork, (void)) {
    return fork_by(FP_REAL(_Fork));
}

/* The descriptor pins the child for its holder, and no wait for any child sees it: as with a pidfd,
 * it is not registered. */
FP_WRAP(pid_t, pdfork, (int *descriptor, int flags)) {
    int refused = fp_birth_begin_elsewhere();
    if (refused < 0)
        return (pid_t)fp_wrap_result(refused);
    pid_t pid = FP_REAL(pdfork)(descriptor, flags);
    if (pid != 0)
        return fp_birth_end_elsewhere(pid);
    fp_birth_child();
    return 0;
}
#endif
