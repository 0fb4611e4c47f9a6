/* The longer half of note.h; in libforkproof-audit.so only. */
#include "note.h"

#include "event.h"
#include "proc.h"
#include "sys.h"
#include "usertext.h"
#include "wrap_descriptor.h"

/* --- children --- */

static _Thread_local struct fp_watch_fork vforking;

void fp_note_vfork_begins(void) {
    fp_watch_fork_begin(&vforking, true);
}

void fp_note_vfork_ends(const struct fp_here *here, int child) {
    fp_watch_fork_end(&vforking, FP_FORKED_VFORK, child, here);
}

bool fp_note_words_fork(const char *user_words) {
    char words[FP_LOG_TEXT];
    if (!fp_log_is_on() || fp_usertext_copy(words, user_words, sizeof words) < 0)
        return false;
    for (const char *at = words; *at; at++)
        if (*at == '`' || (at[0] == '$' && at[1] == '('))
            return true;
    return false;
}

/* --- waits --- */

static void tell_wait(const struct fp_here *here, struct fp_audit_wait *body, bool has_pointer) {
    if (body->got == 0)
        return; // nobody, with WNOHANG
    if (body->got > 0)
        body->flags |= FP_WAIT_HAS_STATUS;
    if (!has_pointer)
        body->flags |= FP_WAIT_NO_POINTER;
    fp_log_wait(body, here);
}

/* Where the program does not ask for the status we do. Its own pointer has just been written to. */
long fp_note_wait4_told(const struct fp_here *here, pid_t pid, int *user_status, int options,
                        struct rusage *user_usage) {
    int status = 0;
    long result = fp_reap_wait4(pid, user_status ? user_status : &status, options, user_usage);
    if (result > 0 && user_status)
        (void)fp_sys_copy_in(&status, user_status, sizeof status);
    struct fp_audit_wait body = {
        .asked = pid, .got = (int)result, .status = status, .options = (uint32_t)options};
    tell_wait(here, &body, user_status != NULL);
    return result;
}

/* As for waitpid. */
static int asked_for(int idtype, long id) {
    switch (idtype) {
    case P_PID:
        return (int)id;
    case P_PGID:
        return -(int)id;
    case FP_P_PIDFD:
        return fp_proc_of_pidfd((int)id);
    default:
        return -1;
    }
}

long fp_note_waitid_told(const struct fp_here *here, int idtype, long id, siginfo_t *user_info,
                         int options, struct rusage *user_usage) {
    siginfo_t info;
    info.si_pid = 0;
    // Of a pidfd whose process is reaped the pid cannot be told any more.
    int asked = asked_for(idtype, id);
    long result = fp_reap_waitid(idtype, id, user_info ? user_info : &info, options, user_usage);
    if (result == 0 && user_info)
        (void)fp_sys_copy_in(&info, user_info, sizeof info);
    struct fp_audit_wait body = {.asked = asked, .got = (int)result, .options = (uint32_t)options};
    if (result == 0 && info.si_pid > 0) {
        body.got = info.si_pid;
        body.status = fp_event_status(info.si_code, info.si_status);
    }
    tell_wait(here, &body, user_info != NULL);
    return result;
}

/* --- signals --- */

/* Which may be the end of whoever sends it. */
static bool reaches_us(const struct fp_audit_kill *kill) {
    if (kill->signal <= 0 || kill->signal > 64)
        return false;
    return kill->target == 0 || kill->target == fp_sys_getpid() ||
           (kill->target < -1 && kill->target == -fp_sys_getpgid(0));
}

void fp_note_signal_begins(const struct fp_here *here, const struct fp_audit_kill *kill) {
    if (fp_log_is_on() && reaches_us(kill))
        fp_log_kill(kill, here);
}

void fp_note_signal_ends(const struct fp_here *here, const struct fp_audit_kill *kill,
                         uint64_t sent) {
    if (kill->result < 0 || (fp_log_is_on() && !reaches_us(kill)))
        fp_log(&(const struct fp_log_event){.kind = FP_AUDIT_KILL,
                                            .time = sent,
                                            .parts = {{kill, sizeof *kill}}},
               here);
}

struct fp_audit_handler fp_note_action_given(int number, const struct sigaction *user_action) {
    struct sigaction action = {.sa_flags = 0};
    if (user_action && fp_log_is_on())
        (void)fp_sys_copy_in(&action, user_action, sizeof action);
    return (struct fp_audit_handler){.signal = number,
                                     .how = FP_HANDLED_SIGACTION,
                                     .handler = (uintptr_t)action.sa_handler,
                                     .flags = (uint32_t)action.sa_flags};
}

/* --- descriptors --- */

void fp_note_pipe_made(const struct fp_here *here, const int *user_ends, int flags, int result) {
    int ends[2] = {-1, -1};
    if (result == 0)
        (void)fp_sys_copy_in(ends, user_ends, sizeof ends);
    const struct fp_audit_descriptor body = {.what = FP_TOUCHED_PIPE,
                                             .fd = ends[0],
                                             .other = ends[1],
                                             .result = result,
                                             .flags = (uint32_t)flags};
    fp_watch_descriptor(&body, NULL, here);
}

/* One end is the program's, the other the shell's. */
void fp_note_popen_done(const struct fp_here *here, FILE *stream, const char *mode) {
    if (!fp_log_is_on())
        return;
    int fd = fp_number_of(stream);
    int flags = fp_flags_of(mode);
    bool is_read = (flags & O_ACCMODE) == O_RDONLY;
    const struct fp_audit_descriptor body = {.what = FP_TOUCHED_PIPE,
                                             .fd = is_read ? fd : -1,
                                             .other = is_read ? -1 : fd,
                                             .flags = (uint32_t)flags & O_CLOEXEC};
    fp_watch_descriptor(&body, NULL, here);
}

void fp_note_pclose_begins(const struct fp_here *here, FILE *stream) {
    if (fp_log_is_on() && stream)
        fp_watch_close_begin(fp_number_of(stream), here);
}
