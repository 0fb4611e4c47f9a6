/*
 * The record of an audit: what members of one run did, event by event, in memory that they share.
 *
 * `forkproof audit` makes it as a memfd sealed against shrinking, so that a store never faults, and
 * saves it as a file of the same layout, which may end behind the last chunk in use. A head, then
 * chunks of one size. A process takes a chunk by one atomic add to `used` and fills it with events
 * that follow one another without a gap; a forked child takes a chunk of its own, a vfork child
 * writes into that of its parent. The size of an event is written by a compare-and-swap from 0,
 * with FP_AUDIT_OPEN in it: that reserves its bytes and says at once where the next one begins.
 * Without FP_AUDIT_OPEN the event is whole. So whatever a SIGKILL leaves half done can be told and
 * stepped over. Bytes that no event has are 0. Nobody locks, and the reader trusts nothing.
 *
 * The same layout for programs of every class, in the byte order of the machine.
 */
#ifndef FP_AUDIT_LAYOUT_H
#define FP_AUDIT_LAYOUT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define FP_AUDIT_MAGIC UINT64_C(0x0a74696475617066) /* "fpaudit\n" */
#define FP_AUDIT_VERSION 2
#define FP_AUDIT_HEAD 4096
#define FP_AUDIT_CHUNK 32768
#define FP_AUDIT_SIZE_MAX (UINT64_C(4) << 30)

/* Times are nanoseconds since boot (CLOCK_BOOTTIME). */
struct fp_audit_head {
    _Atomic(uint64_t) magic;
    uint32_t version, chunk; /* FP_AUDIT_CHUNK */
    uint64_t size;           /* of the record when it was made */
    _Atomic(uint64_t) used;  /* bytes, with the head; past `size` once it was full */
    uint64_t began;          /* when it was made */
    uint64_t began_epoch;    /* the same in nanoseconds since the epoch */
    _Atomic(uint64_t) full;  /* events lost because there was no room */
};

#define FP_AUDIT_CHUNK_MAGIC 0x6b6e6863U /* "chnk" */

struct fp_audit_chunk {
    _Atomic(uint32_t) magic; /* written last; 0: the process ended while it took the chunk */
    uint32_t first;          /* number + 1 of the first chunk of this process image */
    uint32_t from;           /* in a first chunk: that of the image that forked it; 0: exec'd */
    int32_t pid, parent;     /* of who took it, then */
    _Atomic(uint32_t) hint;  /* bytes in use, or fewer */
    uint64_t time;
};

enum fp_audit_kind {
    FP_AUDIT_IMAGE = 1,
    FP_AUDIT_MAPPING,
    FP_AUDIT_FORK,
    FP_AUDIT_EXEC,
    FP_AUDIT_EXIT,
    FP_AUDIT_WAIT,
    FP_AUDIT_KILL,
    FP_AUDIT_DISCARD,
    FP_AUDIT_DESCRIPTOR,
    FP_AUDIT_HANDLER,
    FP_AUDIT_PDEATHSIG,
    FP_AUDIT_INHERITED,
    FP_AUDIT_VARIABLE,
    FP_AUDIT_SHELL,
    FP_AUDIT_UNSAFE,
    FP_AUDIT_ATEXIT,
    FP_AUDIT_CAUGHT,
    FP_AUDIT_LEFT,
    FP_AUDIT_ROOT,
    FP_AUDIT_STALL,
    FP_AUDIT_KINDS
};

#define FP_AUDIT_OPEN 1U /* in the size, which is a multiple of 8 */
#define FP_AUDIT_CUT 1U  /* in the flags: the text is not whole, or could not be read */

/* `machine` as in ELF's e_machine; registers by their numbers in DWARF. */
#define FP_AUDIT_I386 3
#define FP_AUDIT_I386_REGISTERS 9 /* the last is the program counter */
#define FP_AUDIT_I386_SP 4
#define FP_AUDIT_X86_64 62
#define FP_AUDIT_X86_64_REGISTERS 17 /* the last is the program counter */
#define FP_AUDIT_X86_64_SP 7
#define FP_AUDIT_AARCH64 183
#define FP_AUDIT_AARCH64_REGISTERS 33 /* x0 to x30, the stack pointer, the program counter */
#define FP_AUDIT_AARCH64_SP 31
#define FP_AUDIT_STACK 4096

/*
 * Followed by the body: one of the structures below, then its text. Then, when there is a machine:
 * a word with a bit for each register that is known, the registers, and a slice of the stack, which
 * begins where the stack pointer points. The program counter is that of the innermost frame and no
 * return address. Each part is filled up with zeros to a multiple of 8.
 */
struct fp_audit_event {
    _Atomic(uint32_t) size; /* of all of it */
    uint16_t kind, machine; /* machine 0: no registers */
    int32_t pid, tid;       /* a vfork child has its own */
    uint64_t time;
    uint16_t body, registers, stack; /* bytes, number, bytes */
    uint16_t flags;
};

/* An image begins: at exec, or as soon as something is recorded in it. Text: argv, then exe. */
struct fp_audit_image {
    uint64_t start; /* of the process, in clock ticks since boot; 0: it has written no stack */
    int32_t parent;
    uint16_t argv, exe; /* bytes; each argument is ended by NUL; the path is not */
};

#define FP_AUDIT_BUILD_ID 20

/* Executable memory, written before the first stack. Text: the path as /proc/PID/maps has it. A
 * later one replaces earlier ones. */
struct fp_audit_mapping {
    uint64_t start, end, offset, inode;
    uint32_t major, minor;
    uint32_t build_id_size; /* 0: not known */
    uint8_t build_id[FP_AUDIT_BUILD_ID];
};

enum fp_audit_forked {
    FP_FORKED_FORK,
    FP_FORKED_VFORK,
    FP_FORKED_CLONE,
    FP_FORKED_SPAWN,
    FP_FORKED_SYSTEM,
    FP_FORKED_POPEN,
    FP_FORKED_DAEMON,
    FP_FORKED_FORKPTY,
    FP_FORKED_WORDEXP,
    FP_FORKED_KINDS
};

struct fp_audit_fork {
    int32_t child; /* 0: one that libc does not tell; negative: it failed, as -errno */
    uint32_t how;
    uint32_t threads; /* of the process then; 0: not known */
    uint32_t pending; /* bytes in stdout's buffer, which the child has as well */
};

#define FP_EXEC_SEARCHED 1U  /* a bare name, looked up in PATH */
#define FP_EXEC_ALSO_HERE 2U /* which is an executable file in the working directory, too */
#define FP_EXEC_MOVED 4U /* the directory was changed since the fork, or since the image began */
#define FP_EXEC_PARENT_HAS 8U  /* a relative path that is another file in the parent's directory */
#define FP_EXEC_NO_SIGPIPE 16U /* SIGPIPE is ignored… */
#define FP_EXEC_NO_SIGCHLD 32U /* SIGCHLD is… */
#define FP_EXEC_HAD_NO_SIGPIPE 64U /* …and was when the image began */
#define FP_EXEC_HAD_NO_SIGCHLD 128U
#define FP_EXEC_IN_CHILD 256U /* by a child that has executed nothing before */

/* Before the call: result 0. When it has failed, once more. Text: the path as the program gave it.
 */
struct fp_audit_exec {
    int32_t result;
    uint32_t flags;
    uint64_t blocked, blocked_before; /* signals, from bit 0: now, and when the image began */
};

/* Right before the exec that passes it on, by the same thread: a descriptor above 2. */
struct fp_audit_inherited {
    int32_t fd;
    uint32_t mode, flags; /* as of stat; O_… */
    uint32_t unused;
    uint64_t device, inode;
};

enum fp_audit_variable { FP_VARIABLE_TWICE, FP_VARIABLE_CASE, FP_VARIABLE_KINDS };

/* In the environment of the exec that follows, not in that of the image. Text: "NAME", or two that
 * differ in case, "NAME=Name". */
struct fp_audit_variable_event {
    uint32_t what;
    uint32_t unused;
};

#define FP_SHELL_LITERAL 1U /* the string lies in memory that cannot be written: a constant */

/* Text: what the shell gets. */
struct fp_audit_shell {
    uint32_t how; /* FP_FORKED_SYSTEM or FP_FORKED_POPEN */
    uint32_t flags;
};

#define FP_UNSAFE_IN_CHILD 1U /* by a forked child that has executed nothing */
#define FP_UNSAFE_THREADED 2U /* of a process that had threads */
#define FP_UNSAFE_IN_VFORK 4U /* by a vfork child */
#define FP_UNSAFE_IN_HANDLER                                                                       \
    8U /* a signal that has a handler is blocked, but not by the program                           \
        */

/* A call that is not async-signal-safe, where it may matter. Text: its name. */
struct fp_audit_unsafe {
    uint32_t flags;
    uint32_t unused;
};

/* A handler for exit. */
struct fp_audit_atexit {
    uint64_t handler;
};

/* An exception is caught, in a child that has executed nothing. */
struct fp_audit_caught {
    uint64_t unused;
};

#define FP_LEFT_ZOMBIE 1U

/* By forkproof itself, at the end of the run: a member that was left. Text: its name. */
struct fp_audit_left {
    int32_t pid;
    int32_t signal; /* that ended it; 0: none was needed, or it lives on */
    uint32_t flags, unused;
    uint64_t start; /* clock ticks since boot */
};

/* By forkproof: the program that was run has ended. Text: the directory of the run. */
struct fp_audit_root {
    int32_t pid;
    int32_t status; /* as of waitpid; -1: not known */
    uint64_t ended;
};

/* By forkproof, while the program hangs. Text: the rule, a line; the sentence, a line; evidence, a
 * line each. */
struct fp_audit_stall {
    int32_t pid; /* who is reported */
    uint32_t unused;
};

enum fp_audit_ended {
    FP_ENDED_RETURN,     /* from main, or by exit */
    FP_ENDED_EXIT,       /* _exit, _Exit: nothing is flushed */
    FP_ENDED_QUICK_EXIT, /* quick_exit */
    FP_ENDED_ABORT,
    FP_ENDED_SIGNAL,
    FP_ENDED_KINDS
};

struct fp_audit_exit {
    int32_t status; /* as given; of FP_ENDED_SIGNAL the signal */
    uint32_t how;
};

#define FP_WAIT_HAS_STATUS 1U /* `status` is known */
#define FP_WAIT_NO_POINTER 2U /* the program did not want the status */

struct fp_audit_wait {
    int32_t asked; /* as for waitpid */
    int32_t got;   /* 0: nobody; negative: -errno */
    int32_t status;
    uint32_t options, flags, unused;
};

enum fp_audit_killed {
    FP_KILLED_KILL,
    FP_KILLED_KILLPG,
    FP_KILLED_TGKILL,
    FP_KILLED_SIGQUEUE,
    FP_KILLED_PIDFD,
    FP_KILLED_RAISE,
    FP_KILLED_KINDS
};

struct fp_audit_kill {
    int32_t target; /* as for kill */
    int32_t signal;
    int32_t result; /* 0 or -errno */
    uint32_t how;
};

enum fp_audit_discarded {
    FP_DISCARDED_BY_WAIT, /* without a pointer */
    FP_DISCARDED_UNREAPED,
    FP_DISCARDED_AUTOMATIC, /* SIGCHLD is ignored */
    FP_DISCARDED_SYSTEM,
    FP_DISCARDED_PCLOSE,
    FP_DISCARDED_KINDS
};

/* A status that nobody looked at. */
struct fp_audit_discard {
    int32_t child, status;
    uint32_t how, unused;
};

enum fp_audit_touched {
    FP_TOUCHED_PIPE, /* fd is read, other is written; popen has one of them */
    FP_TOUCHED_OPEN,
    FP_TOUCHED_CLOSE,
    FP_TOUCHED_DUP, /* fd became other */
    FP_TOUCHED_SOCKETPAIR,
    FP_TOUCHED_FLAGS, /* fcntl(F_SETFD) */
    FP_TOUCHED_READ,  /* only when fd is not open for it */
    FP_TOUCHED_WRITE,
    FP_TOUCHED_CLOSE_RANGE, /* fd to other */
    FP_TOUCHED_KINDS
};

#define FP_TOUCHED_ON_EXEC 4U /* in the flags of a range: closed by an exec only */

/* Text, of open: the path as the program gave it. */
struct fp_audit_descriptor {
    uint32_t what;
    int32_t fd, other; /* -1: none */
    int32_t result;    /* 0 or -errno */
    uint32_t flags;    /* of the call */
    uint32_t unused;
};

enum fp_audit_handled { FP_HANDLED_SIGNAL, FP_HANDLED_SIGACTION, FP_HANDLED_KINDS };

struct fp_audit_handler {
    int32_t signal;
    uint32_t how;
    uint64_t handler; /* 0: the default; 1: ignored; else its address */
    uint32_t flags;   /* SA_… */
    int32_t result;   /* 0 or -errno */
};

struct fp_audit_pdeathsig {
    int32_t signal;
    int32_t parent; /* at the call, which may be too late */
    int32_t result;
    int32_t unused;
};

_Static_assert(sizeof(struct fp_audit_head) == 56 && sizeof(struct fp_audit_chunk) == 32 &&
                   sizeof(struct fp_audit_event) == 32 && sizeof(struct fp_audit_image) == 16 &&
                   sizeof(struct fp_audit_mapping) == 64 && sizeof(struct fp_audit_fork) == 16 &&
                   sizeof(struct fp_audit_exec) == 24 && sizeof(struct fp_audit_exit) == 8 &&
                   sizeof(struct fp_audit_wait) == 24 && sizeof(struct fp_audit_kill) == 16 &&
                   sizeof(struct fp_audit_discard) == 16 &&
                   sizeof(struct fp_audit_descriptor) == 24 &&
                   sizeof(struct fp_audit_handler) == 24 &&
                   sizeof(struct fp_audit_pdeathsig) == 16 &&
                   sizeof(struct fp_audit_inherited) == 32 &&
                   sizeof(struct fp_audit_variable_event) == 8 &&
                   sizeof(struct fp_audit_shell) == 8 && sizeof(struct fp_audit_unsafe) == 8 &&
                   sizeof(struct fp_audit_atexit) == 8 && sizeof(struct fp_audit_caught) == 8 &&
                   sizeof(struct fp_audit_left) == 24 && sizeof(struct fp_audit_root) == 16 &&
                   sizeof(struct fp_audit_stall) == 8,
               "one layout for every class");

#endif
