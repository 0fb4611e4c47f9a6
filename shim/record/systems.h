/*
 * What of the shim there is on systems other than Linux, where it compiles and has not been run.
 *
 * The shim asks this table where it has a choice (FP_HAS), the command and the documents show it:
 * there is no second one.
 */
#ifndef FP_SYSTEMS_H
#define FP_SYSTEMS_H

/* FULL: as on Linux. WEAK: with the difference that is told. NONE: bare. */
enum fp_ability { FP_NONE, FP_WEAK, FP_FULL };

/* name, as it is told, and how the shim gets into a program */
#define FP_SYSTEMS(X)                                                                              \
    X(macos, "macOS", "DYLD_INSERT_LIBRARIES")                                                     \
    X(freebsd, "FreeBSD", "LD_PRELOAD")                                                            \
    X(netbsd, "NetBSD", "LD_PRELOAD")                                                              \
    X(openbsd, "OpenBSD", "LD_PRELOAD")

/* clang-format off */
/* id, what, and how much of it on macOS, FreeBSD, NetBSD and OpenBSD, and what the difference is */
#define FP_ABILITIES(X)                                                                            \
    X(table, "child table, and ESRCH for former children", FULL, FULL, FULL, FULL, "")             \
    X(kill, "a kill never hits a recycled pid of a child", WEAK, WEAK, WEAK, WEAK,                 \
      "with SIGCHLD ignored nothing pins a child: it is looked at right before")                   \
    X(wait, "waits deliver every status once", WEAK, FULL, FULL, WEAK,                             \
      "usage is zero of a child signalled meanwhile; macOS: traced stops need WUNTRACED")          \
    X(exec, "the preload is kept over exec", WEAK, WEAK, FULL, FULL,                               \
      "execvP, and execvp on macOS, take the environment as it is")                                \
    X(zombies, "bounded zombies", NONE, FULL, FULL, NONE,                                          \
      "a zombie's usage cannot be read without reaping it")                                        \
    X(wiped, "the kernel empties the table in a forked child", NONE, FULL, FULL, FULL,             \
      "it is emptied when fork returns, and a handler may come first")                             \
    X(thread, "thread-local state without allocation", WEAK, FULL, FULL, WEAK,                     \
      "its first use in a thread allocates")                                                       \
    X(pinned, "a process that is no child is held while it is signalled", WEAK, WEAK, WEAK, WEAK,  \
      "no descriptor of a process: it is looked at by start time right before")                    \
    X(vfork, "children of vfork", NONE, NONE, NONE, NONE,                                          \
      "no trampoline: they are waited for and signalled as bare")                                  \
    X(contain, "containment by group, and by register", WEAK, WEAK, WEAK, WEAK,                    \
      "a clock that is set can spare or delay; OpenBSD: when asked for, and not after pledge")     \
    X(mapped, "a member is known by what it has mapped", NONE, NONE, NONE, NONE,                   \
      "a child whose parent ends before it is entered is known by its environment alone")          \
    X(guard, "contain=guard, by kqueue", WEAK, WEAK, WEAK, WEAK,                                   \
      "it keeps a copy of the program's memory")                                                   \
    X(unseen, "the guard is nobody's to wait for", WEAK, FULL, WEAK, WEAK,                         \
      "its forerunner is a child for a moment: another thread's wait may take it")                 \
    X(reaper, "forkproof-hold: orphans are adopted, and all ended", NONE, FULL, NONE, NONE,        \
      "the system has no reaper")                                                                  \
    X(tree, "kill=tree", WEAK, WEAK, WEAK, WEAK,                                                   \
      "all processes are listed, and a stop is seen of the process, not of each thread")           \
    X(origin, "exec=parent-dir", NONE, NONE, NONE, NONE,                                           \
      "a parent's directory is not asked for")                                                     \
    X(run, "forkproof run, and what needs it: the ledger, limits, confine=on", NONE, NONE, NONE, NONE, \
      "the command is not ported")                                                                 \
    X(audit, "forkproof audit", NONE, NONE, NONE, NONE, "not ported")                              \
    X(syscall, "calls by number", NONE, NONE, NONE, NONE, "not wrapped")                           \
    X(wordexp, "wordexp", NONE, NONE, NONE, NONE, "not wrapped")
/* clang-format on */

#endif
