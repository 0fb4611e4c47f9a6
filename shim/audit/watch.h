/*
 * What an audit looks at beyond what hardening needs, between the wrappers (shim/wrap), which call
 * it, and the log. All of it is async-signal-safe, keeps errno, allocates nothing of libc's, and
 * does nothing while there is no record. Only in libforkproof-audit.so.
 */
#ifndef FP_AUDIT_WATCH_H
#define FP_AUDIT_WATCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "log.h"

/*
 * Once an image, before its first event and no later than its first wrapped call: opens the record
 * (FP_ENV_RECORD), writes what the image is, and notes what its program was given: blocked and
 * ignored signals. Arguments and environment as the kernel gave them; argv may be NULL: not known.
 */
void fp_watch_begin(char *const *argv, char *const *envp);

/* --- forks --- */

/* Before: what the parent has that the child will have. */
struct fp_watch_fork {
    uint32_t threads, pending; /* see audit.h */
    bool is_vfork;
};
void fp_watch_fork_begin(struct fp_watch_fork *ret, bool is_vfork);

/* In the parent, with the child's pid or -errno. */
void fp_watch_fork_end(const struct fp_watch_fork *fork, enum fp_audit_forked how, int child,
                       const struct fp_here *here);

/* In a forked child that has memory of its own. */
void fp_watch_fork_child(const struct fp_watch_fork *fork);

/* --- exec --- */

/*
 * Right before an exec, with the environment that the program gave, and the path as it gave it;
 * is_searched: by PATH. Writes the descriptors that are passed on, the variables that collide, and
 * the exec. All three are the program's and may be bad pointers.
 */
void fp_watch_exec(const char *user_path, char *const *user_envp, bool is_searched,
                   const struct fp_here *here);

/* It has failed. */
void fp_watch_exec_failed(const char *user_path, int error, const struct fp_here *here);

/* The same of a spawn: in the parent, which names the child's descriptors and variables. */
void fp_watch_spawn(const char *user_path, char *const *user_envp, bool is_searched,
                    const struct fp_here *here);

/* --- ends --- */

/* By a call. Of a success the place is of no interest, but in a child that has executed nothing. */
void fp_watch_exit(enum fp_audit_ended how, int status, const struct fp_here *here);

/* From main: where that was says no more, but in such a child. */
void fp_watch_return(int status, const struct fp_here *here);

/* --- others --- */

void fp_watch_shell(enum fp_audit_forked how, const char *user_command, const struct fp_here *here);

/* The working directory has changed. */
void fp_watch_moved(void);

/* A thread is about to be made. */
void fp_watch_thread(void);

/* What is mapped for execution is about to change: it is written once more before the next fork. */
void fp_watch_mapped(void);

/*
 * The signal has a handler of the program's now, or maybe none any more: then the kernel is asked.
 * Not for handlers of our own.
 */
void fp_watch_handled(int signal, bool has_handler);

/* The program has changed what it blocks: `how` as for sigprocmask. */
void fp_watch_asked(int how, const void *user_set);

/* It leaves a frame for another, maybe a handler: what is blocked then is its own wish. */
void fp_watch_jumped(void);

/* Sigsuspend with this set. */
void fp_watch_suspended(const void *user_set);

/* --- descriptors --- */

/*
 * Writes it; of one that has succeeded, remembers what it opened, so that its close is written,
 * too. `user_path`: of open; or NULL.
 */
void fp_watch_descriptor(const struct fp_audit_descriptor *what, const char *user_path,
                         const struct fp_here *here);

/* Around a close, with what its caller returns to. A close that is of no interest is not written.
 */
void fp_watch_close_begin(int fd, const struct fp_here *here);
void fp_watch_close_failed(int fd, int error, const void *from, const struct fp_here *here);

/* After close_range, or what is done by it, has succeeded. Linux 5.9. */
void fp_watch_close_range(unsigned first, unsigned last, unsigned flags,
                          const struct fp_here *here);

/* A descriptor that is not open was used: once for each place. */
void fp_watch_bad(enum fp_audit_touched what, int fd, const void *from, const struct fp_here *here);

/* A spawn will close this one in its child, or all from it on. */
void fp_watch_spawn_closes(int fd, bool and_above);

/* --- calls that are not async-signal-safe --- */

/* Not 0: there may be something to be said of them. */
#define FP_WATCHING_CHILD 1U   /* a forked child of a process with threads, nothing executed yet */
#define FP_WATCHING_HANDLED 2U /* there are handlers */
#define FP_WATCHING_VFORK 4U   /* and above: vforks whose child has not left yet */
extern atomic_uint fp_watching;

/* Before such a call: writes it if it matters where it is made, once for each place. */
void fp_watch_unsafe(const char *name, const void *from);

/* The same where only a child of a process with threads is at risk. */
void fp_watch_unsafe_in_child(const char *name, const void *from);

/* A handler for exit. */
void fp_watch_atexit(const void *handler);

/* An exception is caught. */
void fp_watch_caught(void);

#endif
