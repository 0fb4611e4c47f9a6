/*
 * Sessions and groups: passed through. Those that a member of a contained program makes are entered
 * in its register; no group is ever changed by us. See group.h.
 */
#include <pty.h>
#include <sys/types.h>
#include <unistd.h>

#include "birth.h"
#include "group.h"
#include "ledger.h"
#include "note.h"
#include "symbol.h"
#include "sys.h"
#include "wrap.h"

FP_EXPORT pid_t setsid(void) {
    long session = fp_sys_setsid();
    if (session > 0)
        fp_group_lead((pid_t)session);
    return (pid_t)fp_wrap_result(session);
}

static long set_group(pid_t pid, pid_t group) {
    long result = fp_sys_setpgid(pid, group);
    if (result == 0 && (group == 0 || group == pid))
        fp_group_lead(pid ? pid : fp_sys_getpid());
    return result;
}

FP_EXPORT int setpgid(pid_t pid, pid_t group) {
    return (int)fp_wrap_result(set_group(pid, group));
}
FP_EXPORT_AS(__setpgid, setpgid);

FP_EXPORT int setpgrp(void) {
    return (int)fp_wrap_result(set_group(0, 0));
}

/*
 * libc forks inside. The parent's end is not seen there, and the root's must be: it makes one child
 * more, which becomes the daemon in its place.
 */
FP_EXPORT int daemon(int keep_directory, int keep_descriptors) {
    FP_NOTE(note);
    __typeof__(&daemon) next = FP_NEXT(daemon);
    if (!next)
        return (int)fp_wrap_result(-ENOSYS);
    if (fp_group_is_root()) {
        pid_t pid = fork();
        if (pid < 0)
            return -1;
        if (pid > 0)
            _exit(0);
    }
    pid_t before = fp_sys_getpid();
    int refused = fp_birth_begin();
    if (refused < 0)
        return (int)fp_wrap_result(refused);
    fp_note_fork_untold(&note, FP_FORKED_DAEMON); // this process ends in there
    int result = next(keep_directory, keep_descriptors);
    if (fp_sys_getpid() == before) {
        fp_birth_end(-1, (struct fp_birth){0});
        fp_note_fork_end(&note, FP_FORKED_DAEMON, fp_note_result(result));
    } else {
        fp_birth_child();
        fp_note_fork_child(&note);
        fp_group_check_in(true);
        fp_ledger_daemon();
    }
    return result;
}

FP_EXPORT pid_t forkpty(int *amaster, char *name, const struct termios *settings,
                        const struct winsize *size) {
    FP_NOTE(note);
    __typeof__(&forkpty) next = FP_NEXT(forkpty);
    if (!next)
        return (pid_t)fp_wrap_result(-ENOSYS);
    fp_note_fork_begin(&note, false);
    int refused = fp_birth_begin();
    if (refused < 0) {
        fp_note_fork_end(&note, FP_FORKED_FORKPTY, refused);
        return (pid_t)fp_wrap_result(refused);
    }
    pid_t pid = next(amaster, name, settings, size);
    if (pid != 0) {
        fp_note_fork_end(&note, FP_FORKED_FORKPTY, fp_note_result(pid));
        return fp_birth_end(pid, (struct fp_birth){.leads = true});
    }
    fp_birth_child();
    fp_note_fork_child(&note);
    return 0;
}
