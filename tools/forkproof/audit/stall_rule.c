/*
 * Which gotcha a stall is. Nobody in it can go on by himself; but somebody outside of the run may
 * send a signal or open a fifo, and a program that waits for that is at work, not stuck.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proc.h"
#include "stall.h"

/* How many of the waits of a cycle there are of each kind. */
struct counts {
    size_t reads, writes, locks, others;
};

static struct counts count_kinds(const struct fp_waits *waits, const struct fp_cycle *cycle) {
    struct counts counts = {0};
    for (size_t i = 0; i < cycle->wait_count; i++) {
        enum fp_wait_kind kind = waits->waits[cycle->waits[i]].kind;
        counts.reads += kind == FP_WAIT_READ;
        counts.writes += kind == FP_WAIT_WRITE;
        counts.locks += kind == FP_WAIT_LOCK;
        counts.others += kind != FP_WAIT_READ && kind != FP_WAIT_WRITE && kind != FP_WAIT_LOCK;
    }
    return counts;
}

static const struct fp_looked *process_of(const struct fp_waits *waits, pid_t pid) {
    for (size_t i = 0; i < waits->process_count; i++)
        if (waits->processes[i].pid == pid)
            return &waits->processes[i];
    return NULL;
}

/* Its parent has ended: it has come to forkproof. */
static bool is_orphan(const struct fp_waits *waits, const struct fp_looked *process, pid_t root) {
    const struct fp_looked *parent = process_of(waits, process->parent);
    return process->is_member && process->pid != root && (!parent || !parent->is_member);
}

static bool is_above(const struct fp_waits *waits, const struct fp_looked *process,
                     const struct fp_looked *below) {
    size_t steps = 0; /* parents may have changed while they were looked at */
    while (below && below != process && steps++ < waits->process_count)
        below = process_of(waits, below->parent);
    return below == process;
}

static bool waits_for_signal(const struct fp_waits *waits, const struct fp_looked *process) {
    for (size_t i = 0; i < process->count; i++)
        if (waits->waits[process->first + i].kind == FP_WAIT_SIGNAL)
            return true;
    return false;
}

/* By standard output or standard error: it may be about to say something. */
static bool holds_as_output(const struct fp_waits *waits, const struct fp_wait *wait,
                            size_t process) {
    for (size_t i = 0; i < waits->end_count; i++) {
        const struct fp_end *end = &waits->ends[i];
        if (end->process == process && end->writes && end->fd <= STDERR_FILENO &&
            strcmp(end->key, wait->key) == 0)
            return true;
    }
    return false;
}

/* Of those who could end the wait. */
struct holders {
    const struct fp_waits *waits;
    const struct fp_wait *wait;
    pid_t root;
    bool orphan, idle, itself;
    bool unknowing; /* idle, with an end that it was hardly given to use */
};

static bool note_holder(size_t place, void *data) {
    struct holders *holders = data;
    const struct fp_waits *waits = holders->waits;
    const struct fp_looked *holder = &waits->processes[place];
    const struct fp_looked *self = &waits->processes[holders->wait->process];
    bool is_idle = waits_for_signal(waits, holder);
    holders->itself |= holder == self;
    holders->orphan |= holder != self && is_orphan(waits, holder, holders->root);
    holders->idle |= is_idle;
    holders->unknowing |= is_idle && holder != self && !is_above(waits, holder, self) &&
                          !holds_as_output(waits, holders->wait, place);
    return true;
}

static struct holders holders_of(const struct fp_waits *waits, const struct fp_wait *wait,
                                 pid_t root) {
    struct holders holders = {.waits = waits, .wait = wait, .root = root};
    fp_waits_each_waker(waits, wait, note_holder, &holders);
    return holders;
}

static const struct fp_wait *first_of(const struct fp_waits *waits, const struct fp_cycle *cycle,
                                      enum fp_wait_kind kind) {
    for (size_t i = 0; i < cycle->wait_count; i++)
        if (waits->waits[cycle->waits[i]].kind == kind)
            return &waits->waits[cycle->waits[i]];
    return NULL;
}

/*
 * Somebody only waits for a signal. A server that does, with a logger that reads what it says, is
 * meant; so is a child that reads a pipe to notice the end of its idle parent.
 */
static const char *with_signal(const struct fp_waits *waits, const struct fp_cycle *cycle,
                               pid_t root) {
    if (first_of(waits, cycle, FP_WAIT_WRITE))
        return "pipe-reader-left-open";
    for (size_t i = 0; i < cycle->wait_count; i++) {
        const struct fp_wait *wait = &waits->waits[cycle->waits[i]];
        if (wait->kind != FP_WAIT_READ)
            continue;
        struct holders holders = holders_of(waits, wait, root);
        if (holders.orphan)
            return "wait-blocks-on-held-pipe";
        if (holders.itself || holders.unknowing)
            return "pipe-writer-left-open";
    }
    return NULL;
}

static const char *with_writers(const struct fp_cycle *cycle, struct counts counts) {
    if (cycle->process_count == 1)
        return "pipe-reader-left-open";
    return counts.reads + counts.others > 0 && cycle->process_count > 2 ? "sequential-capture"
                                                                        : "pipe-full-deadlock";
}

/* A process that reads what its own handlers write: the other end is one that never blocks. */
static bool is_self_pipe(const struct fp_waits *waits, const struct fp_wait *wait) {
    for (size_t i = 0; i < waits->end_count; i++) {
        const struct fp_end *end = &waits->ends[i];
        if (end->process == wait->process && end->writes && end->flags & O_NONBLOCK &&
            strcmp(end->key, wait->key) == 0)
            return true;
    }
    return false;
}

static const char *with_readers(const struct fp_waits *waits, const struct fp_cycle *cycle,
                                pid_t root) {
    const struct fp_wait *first = first_of(waits, cycle, FP_WAIT_READ);
    if (cycle->process_count == 1 && is_self_pipe(waits, first))
        return NULL;
    for (size_t i = 0; i < cycle->wait_count; i++) {
        const struct fp_wait *wait = &waits->waits[cycle->waits[i]];
        if (wait->kind == FP_WAIT_READ && holders_of(waits, wait, root).orphan)
            return "wait-blocks-on-held-pipe";
    }
    return "pipe-writer-left-open";
}

static uint64_t set_of(const char *status, const char *name) {
    const char *at = strstr(status, name);
    return at ? strtoull(at + strlen(name), NULL, 16) : 0;
}

/* libc's own two, which wake nobody. */
#define INTERNAL_SIGNALS (UINT64_C(3) << 31)

static void read_signals(pid_t pid, uint64_t *ret_caught, uint64_t *ret_blocked) {
    char path[64], *text;
    size_t length;
    *ret_caught = ~UINT64_C(0);
    *ret_blocked = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    if (fp_proc_slurp(path, &text, &length) < 0)
        return;
    *ret_caught = set_of(text, "\nSigCgt:\t") & ~INTERNAL_SIGNALS;
    *ret_blocked = set_of(text, "\nSigBlk:\t");
    free(text);
}

static bool is_same_image(pid_t one, pid_t other) {
    char paths[2][64];
    struct stat images[2];
    snprintf(paths[0], sizeof paths[0], "/proc/%d/exe", (int)one);
    snprintf(paths[1], sizeof paths[1], "/proc/%d/exe", (int)other);
    return stat(paths[0], &images[0]) == 0 && stat(paths[1], &images[1]) == 0 &&
           images[0].st_dev == images[1].st_dev && images[0].st_ino == images[1].st_ino;
}

/* The same program with the same arguments: it has executed nothing since the fork. */
static bool is_forked_from(pid_t child, pid_t parent) {
    char own[1024], others[sizeof own];
    size_t length = fp_proc_argv(child, own, sizeof own);
    return is_same_image(child, parent) && fp_proc_argv(parent, others, sizeof others) == length &&
           memcmp(own, others, length) == 0;
}

/*
 * A single thread waits for a lock in its own memory. A handler could let it go, and is often what
 * it waits for: only where it has none, or is in one, it is lost.
 */
static const char *with_lock_of_memory(const struct fp_waits *waits,
                                       const struct fp_looked *process) {
    uint64_t caught, blocked;
    const struct fp_looked *parent = process_of(waits, process->parent);
    if (process->count != 1)
        return NULL;
    read_signals(process->pid, &caught, &blocked);
    if (caught & blocked)
        return "unsafe-in-handler";
    if (caught == 0 && parent && parent->is_member && is_forked_from(process->pid, parent->pid))
        return "threads-and-fork";
    return NULL;
}

static const char *find_rule(const struct fp_waits *waits, const struct fp_cycle *cycle,
                             pid_t root) {
    struct counts counts = count_kinds(waits, cycle);
    if (cycle->by_signal)
        return with_signal(waits, cycle, root);
    if (counts.writes)
        return with_writers(cycle, counts);
    if (counts.reads)
        return with_readers(waits, cycle, root);
    const struct fp_wait *wait = first_of(waits, cycle, FP_WAIT_FUTEX);
    return wait && !counts.locks && cycle->process_count == 1
               ? with_lock_of_memory(waits, &waits->processes[wait->process])
               : NULL;
}

enum fp_stall_kind fp_stall_judge(const struct fp_waits *waits, const struct fp_cycle *cycle,
                                  pid_t root, const char **ret_rule) {
    *ret_rule = NULL;
    if (cycle->by_name)
        return FP_STALL_MEANT;
    *ret_rule = find_rule(waits, cycle, root);
    if (*ret_rule)
        return FP_STALL_NAMED;
    return !cycle->by_signal && count_kinds(waits, cycle).locks ? FP_STALL_UNNAMED : FP_STALL_MEANT;
}
