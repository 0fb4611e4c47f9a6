/*
 * Sessions and groups: passed through. Those that a member of a contained program makes are entered
 * in its register; no group is ever changed by us. See core/group.h.
 */
#include "birth.h"
#include "group.h"
#include "wrap.h"

FP_WRAP(pid_t, setsid, (void)) {
    long session = fp_sys_setsid();
    if (session > 0)
        fp_group_lead((pid_t)session);
    return (pid_t)fp_wrap_result(session);
}

FP_WRAP(int, setpgid, (pid_t pid, pid_t group)) {
    long result = fp_sys_setpgid(pid, group);
    if (result == 0 && (group == 0 || group == pid))
        fp_group_lead(pid ? pid : fp_sys_getpid());
    return (int)fp_wrap_result(result);
}

#if defined(__APPLE__)
FP_WRAP(pid_t, setpgrp, (void)) {
    return FP_OWN(setpgid)(0, 0) == 0 ? fp_sys_getpid() : -1;
}
#else
FP_WRAP(int, setpgrp, (pid_t pid, pid_t group)) {
    return FP_OWN(setpgid)(pid, group);
}
#endif

// Wrapped because old programs call it.
#pragma clang diagnostic ignored "-Wdeprecated-declarations"

/*
 * libc forks inside. The parent's end is not seen there, and the root's must be: it makes one child
 * more, which becomes the daemon in its place.
 */
FP_WRAP(int, daemon, (int keep_directory, int keep_descriptors)) {
    if (fp_group_is_root()) {
        int refused = fp_birth_begin();
        if (refused < 0)
            return (int)fp_wrap_result(refused);
        pid_t pid = FP_REAL(fork)();
        if (pid == 0)
            fp_birth_child();
        else
            fp_birth_end(pid, (struct fp_birth){0});
        if (pid < 0)
            return -1;
        if (pid > 0) {
            fp_group_end();
            fp_sys_exit(0);
        }
    }
    pid_t before = fp_sys_getpid();
    int refused = fp_birth_begin();
    if (refused < 0)
        return (int)fp_wrap_result(refused);
    int result = FP_REAL(daemon)(keep_directory, keep_descriptors);
    if (fp_sys_getpid() == before) {
        fp_birth_end(-1, (struct fp_birth){0});
        return result;
    }
    fp_birth_child();
    fp_group_check_in(true);
    return result;
}

#if defined(__OpenBSD__)
#define CONST const
#else
#define CONST
#endif

FP_WRAP(pid_t, forkpty,
        (int *master, char *name, CONST struct termios *settings, CONST struct winsize *size)) {
    int refused = FP_IS_REAL(forkpty) ? fp_birth_begin() : -ENOSYS;
    if (refused < 0)
        return (pid_t)fp_wrap_result(refused);
    pid_t pid =
        FP_REAL(forkpty)(master, name, (void *)(uintptr_t)settings, (void *)(uintptr_t)size);
    if (pid != 0)
        return fp_birth_end(pid, (struct fp_birth){.leads = true});
    fp_birth_child();
    return 0;
}
