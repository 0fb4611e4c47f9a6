/* A child's change of state, between the terms of waitid and those of wait4. */
#ifndef FP_EVENT_H
#define FP_EVENT_H

#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "sys.h"

/* The options that say which children a wait is for; the same bits in both system calls. */
#define FP_CLONE_OPTIONS ((int)(__WALL | __WCLONE | __WNOTHREAD))

/* What a wait asks for, in the terms of waitid. */
struct fp_wanted {
    int idtype;
    long id;
    int options;
};

/* A change of state, with what the kernel or the stash knew of it. pid 0: nothing. */
struct fp_event {
    pid_t pid;
    uid_t uid;
    int code;   /* CLD_EXITED … */
    int status; /* as in siginfo */
    struct rusage usage;
};

static inline void fp_event_set(struct fp_event *event, const siginfo_t *info,
                                const struct rusage *usage) {
    event->pid = info->si_pid;
    event->uid = info->si_uid;
    event->code = info->si_code;
    event->status = info->si_status;
    event->usage = *usage;
}

static inline bool fp_event_is_end(int code) {
    return code == CLD_EXITED || code == CLD_KILLED || code == CLD_DUMPED;
}

/* The waitid option that asks for a stop or a continuation of this code. */
static inline int fp_event_option(int code) {
    // NOLINTNEXTLINE(bugprone-branch-clone): FP_SYS_TRAPPED is WSTOPPED on some systems
    return code == CLD_CONTINUED ? WCONTINUED : code == CLD_TRAPPED ? FP_SYS_TRAPPED : WSTOPPED;
}

/* The status word that wait4 tells. */
static inline int fp_event_status(int code, int status) {
    switch (code) {
    case CLD_EXITED:
        return (status & 0xff) << 8;
    case CLD_KILLED:
        return status & 0x7f;
    case CLD_DUMPED:
        return (status & 0x7f) | 0x80;
    case CLD_CONTINUED:
        return FP_SYS_STATUS_CONTINUED;
    default: // stopped or trapped; a ptrace event stands above the signal
        return status << 8 | 0x7f;
    }
}

#endif
