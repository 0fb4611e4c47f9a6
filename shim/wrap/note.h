/*
 * What wrappers tell an audit. Nothing of this is left in libforkproof.so.
 *
 * A wrapper begins with FP_NOTE, which takes the registers of its own frame, and hands the note to
 * those below. Each of them keeps errno, and results are those that the program gets: 0 or more, or
 * -errno.
 */
#ifndef FP_WRAP_NOTE_H
#define FP_WRAP_NOTE_H

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#include "log.h"
#include "reap.h"
#include "settings.h"
#include "sys.h"
#include "watch.h"

struct fp_note {
    struct fp_here here;
    struct fp_watch_fork fork;
    uint64_t sent; /* when a signal was, or just before */
};

#define FP_NOTE(note)                                                                              \
    struct fp_note note;                                                                           \
    do {                                                                                           \
        if (FP_AUDIT) {                                                                            \
            fp_here_take(&(note).here);                                                            \
            (note).sent = 0;                                                                       \
        }                                                                                          \
    } while (0)

/* A result of libc's convention: -1 is -errno. */
static inline int fp_note_result(long result) {
    return result == -1 ? -errno : (int)result;
}

/* --- children --- */

static inline void fp_note_fork_begin(struct fp_note *note, bool is_vfork) {
    if (FP_AUDIT)
        fp_watch_fork_begin(&note->fork, is_vfork);
}

static inline void fp_note_fork_end(const struct fp_note *note, enum fp_audit_forked how,
                                    int child) {
    if (FP_AUDIT)
        fp_watch_fork_end(&note->fork, how, child, &note->here);
}

static inline void fp_note_fork_child(const struct fp_note *note) {
    if (FP_AUDIT)
        fp_watch_fork_child(&note->fork);
}

/* Between these two the stack is the child's. */
void fp_note_vfork_begins(void);
void fp_note_vfork_ends(const struct fp_here *here, int child);

static inline void fp_note_vfork_begin(void) {
    if (FP_AUDIT)
        fp_note_vfork_begins();
}

static inline void fp_note_vfork_end(const struct fp_note *note, int child) {
    if (FP_AUDIT)
        fp_note_vfork_ends(&note->here, child);
}

/* One that libc or the kernel makes where we do not come back, or whose pid we are not told. */
static inline void fp_note_fork_untold(struct fp_note *note, enum fp_audit_forked how) {
    fp_note_fork_begin(note, false);
    fp_note_fork_end(note, how, 0);
}

/* wordexp runs a command, and forks, for some words only. */
bool fp_note_words_fork(const char *user_words);

static inline void fp_note_shell(const struct fp_note *note, enum fp_audit_forked how,
                                 const char *user_command) {
    if (FP_AUDIT)
        fp_watch_shell(how, user_command, &note->here);
}

static inline void fp_note_discard(const struct fp_note *note, enum fp_audit_discarded how,
                                   int status) {
    if (FP_AUDIT && status != 0 && status != -1)
        fp_log_discard(how, 0, status, &note->here);
}

/* --- images --- */

static inline void fp_note_exec(const struct fp_note *note, const char *user_path,
                                char *const *user_envp, bool is_searched) {
    if (FP_AUDIT)
        fp_watch_exec(user_path, user_envp, is_searched, &note->here);
}

static inline void fp_note_exec_failed(const struct fp_note *note, const char *user_path,
                                       long error) {
    if (FP_AUDIT)
        fp_watch_exec_failed(user_path, (int)error, &note->here);
}

static inline void fp_note_spawn(const struct fp_note *note, const char *user_path,
                                 char *const *user_envp, bool is_searched) {
    if (FP_AUDIT)
        fp_watch_spawn(user_path, user_envp, is_searched, &note->here);
}

/* --- ends --- */

static inline void fp_note_exit(const struct fp_note *note, enum fp_audit_ended how, int status) {
    if (FP_AUDIT)
        fp_watch_exit(how, status, &note->here);
}

/* Main has returned. */
static inline void fp_note_return(const struct fp_note *note, int status) {
    if (FP_AUDIT)
        fp_watch_return(status, &note->here);
}

/* At the end of exit: nothing has told of it before. */
void fp_note_finished(void);

static inline void fp_note_finish(void) {
    if (FP_AUDIT)
        fp_note_finished();
}

/* --- waits: as fp_reap_wait4 and fp_reap_waitid, and told --- */

long fp_note_wait4_told(const struct fp_here *here, pid_t pid, int *user_status, int options,
                        struct rusage *user_usage);
long fp_note_waitid_told(const struct fp_here *here, int idtype, long id, siginfo_t *user_info,
                         int options, struct rusage *user_usage);

static inline long fp_note_wait4(const struct fp_note *note, pid_t pid, int *user_status,
                                 int options, struct rusage *user_usage) {
    if (FP_AUDIT && fp_log_is_on())
        return fp_note_wait4_told(&note->here, pid, user_status, options, user_usage);
    return fp_reap_wait4(pid, user_status, options, user_usage);
}

static inline long fp_note_waitid(const struct fp_note *note, int idtype, long id,
                                  siginfo_t *user_info, int options, struct rusage *user_usage) {
    if (FP_AUDIT && fp_log_is_on())
        return fp_note_waitid_told(&note->here, idtype, id, user_info, options, user_usage);
    return fp_reap_waitid(idtype, id, user_info, options, user_usage);
}

/* --- signals --- */

void fp_note_signal_begins(const struct fp_here *here, const struct fp_audit_kill *kill);
void fp_note_signal_ends(const struct fp_here *here, const struct fp_audit_kill *kill,
                         uint64_t sent);

/* Before a signal is sent: where it may end this process, it is told now or never. */
static inline void fp_note_signal_begin(struct fp_note *note, enum fp_audit_killed how, int target,
                                        int number) {
    const struct fp_audit_kill kill = {target, number, 0, how};
    if (!FP_AUDIT)
        return;
    note->sent = fp_log_now();
    fp_note_signal_begins(&note->here, &kill);
}

/* After it, unless that was told before; with the time of before: whoever waits for the target may
 * be told of first. */
static inline void fp_note_signal_end(const struct fp_note *note, enum fp_audit_killed how,
                                      int target, int number, long result) {
    const struct fp_audit_kill kill = {target, number, (int)result, how};
    if (FP_AUDIT)
        fp_note_signal_ends(&note->here, &kill, note->sent);
}

static inline void fp_note_pdeathsig(const struct fp_note *note, long number, long result) {
    const struct fp_audit_pdeathsig body = {
        .signal = (int)number, .parent = FP_AUDIT ? fp_sys_getppid() : 0, .result = (int)result};
    if (FP_AUDIT)
        fp_log_pdeathsig(&body, &note->here);
}

/* A handler is told, and that SIGPIPE or SIGCHLD is ignored; other dispositions are not. */
static inline void fp_note_handler(const struct fp_note *note, const struct fp_audit_handler *body,
                                   long result) {
    struct fp_audit_handler told = *body;
    told.result = (int)result;
    if (FP_AUDIT && result == 0)
        fp_watch_handled(told.signal, told.handler > 1);
    if (FP_AUDIT && (told.handler > 1 ||
                     (told.handler == 1 && (told.signal == SIGPIPE || told.signal == SIGCHLD))))
        fp_log_handler(&told, &note->here);
}

/* Before the call, which may write over what the program gave it. */
struct fp_audit_handler fp_note_action_given(int number, const struct sigaction *user_action);

static inline struct fp_audit_handler fp_note_action(int number,
                                                     const struct sigaction *user_action) {
    return FP_AUDIT ? fp_note_action_given(number, user_action) : (struct fp_audit_handler){0};
}

/* --- descriptors --- */

void fp_note_pipe_made(const struct fp_here *here, const int *user_ends, int flags, int result);

static inline void fp_note_pipe(const struct fp_note *note, const int *user_ends, int flags,
                                long result) {
    if (FP_AUDIT)
        fp_note_pipe_made(&note->here, user_ends, flags, (int)result);
}

static inline void fp_note_dup2(const struct fp_note *note, int from, int to, int result) {
    const struct fp_audit_descriptor body = {
        .what = FP_TOUCHED_DUP, .fd = from, .other = to, .result = result < 0 ? result : 0};
    if (FP_AUDIT)
        fp_watch_descriptor(&body, NULL, &note->here);
}

/* Right after a popen that has succeeded, and right before its pclose. */
void fp_note_popen_done(const struct fp_here *here, FILE *stream, const char *mode);
void fp_note_pclose_begins(const struct fp_here *here, FILE *stream);

static inline void fp_note_popen(const struct fp_note *note, FILE *stream, const char *mode) {
    if (FP_AUDIT)
        fp_note_popen_done(&note->here, stream, mode);
}

static inline void fp_note_pclose(const struct fp_note *note, FILE *stream) {
    if (FP_AUDIT)
        fp_note_pclose_begins(&note->here, stream);
}

/* A call of syscall() that only an audit answers: what makes, copies or closes descriptors is told.
 * False: it is none of them. */
bool fp_note_raw_made(const struct fp_here *here, const long *call, long *ret_result);

static inline bool fp_note_raw(const struct fp_note *note, const long *call, long *ret_result) {
    return FP_AUDIT && fp_note_raw_made(&note->here, call, ret_result);
}

#endif
