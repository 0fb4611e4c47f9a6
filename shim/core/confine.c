#include "confine.h"

#include <errno.h>

#include "contract.h"
#include "ledger.h"
#include "point.h"
#include "proc.h"
#include "sys.h"
#include "table.h"
#include "text.h"

#define MAX_DEPTH 32768
#define MAX_LOOKS 8  /* at a chain that changes while it is climbed */
#define MAX_PASSES 8 /* over a group whose members fork */
#define MAX_MEMBERS (1U << 15)

enum side { OUTSIDE, INSIDE, NOBODY };

/* --- where the run is --- */

struct run {
    pid_t guard;
    bool has_namespace; /* one of its own, below the guard's: whoever can be seen is inside */
    bool is_known;      /* /proc tells who descends from whom */
};

/* FORKPROOF_RUN=GUARD-NUMBER.NAMESPACE */
static struct run find_run(void) {
    struct run run = {0};
    struct statx own = {0};
    unsigned guard = 0;
    uint64_t home = 0;
    const char *text = fp_settings.run ? fp_settings.run + sizeof FP_ENV_RUN : "";
    text = fp_text_read_number(text, &guard);
    while (*text && *text != '.')
        text++;
    for (text += *text == '.'; *text >= '0' && *text <= '9'; text++)
        home = home * 10 + (uint64_t)(*text - '0');
    if (!guard || !home || fp_sys_statx(FP_AT_FDCWD, "/proc/self/ns/pid", 0, &own) < 0)
        return run;
    run.guard = (pid_t)guard;
    run.has_namespace = own.stx_ino != home;
    run.is_known = fp_proc_is_ours();
    return run;
}

/* The process with this number still has this parent, so what was read of that parent holds. */
static bool still_has_parent(const struct fp_proc *child) {
    struct fp_proc now;
    return fp_proc_read(child->pid, &now) && now.start == child->start && now.ppid == child->ppid;
}

/* The name, and a newline, as far as it fits. */
static bool read_name(pid_t pid, char *ret, size_t size) {
    char path[32] = "/proc/";
    size_t end = sizeof "/proc/" - 1;
    end += fp_text_number(path + end, (unsigned)pid);
    fp_text_copy(path + end, "/comm", sizeof "/comm");
    return fp_proc_text(path, ret, size);
}

/* No member becomes the guard's child, or the keeper's, before the run is being ended. */
static bool is_keeper(const struct run *run, const struct fp_proc *proc) {
    static const char name[] = "fp-keeper\n";
    char comm[sizeof name] = "";
    return proc->ppid == run->guard && read_name(proc->pid, comm, sizeof comm) &&
           fp_text_same(comm, name, sizeof name);
}

/*
 * Below the guard is the keeper, below that the supervisor, or that alone if the keeper was killed;
 * neither is a member, nor is what else the guard has. -1: the chain has changed below us.
 */
static int climb(const struct run *run, struct fp_proc at) {
    for (int depth = 0; depth < MAX_DEPTH; depth++) {
        struct fp_proc parent;
        if (at.ppid == run->guard)
            return depth > is_keeper(run, &at);
        if (at.ppid <= 1)
            return 0;
        fp_point(FP_POINT_CLIMBED);
        bool is_there = fp_proc_read(at.ppid, &parent);
        if (!still_has_parent(&at))
            return -1;
        if (!is_there)
            return 0;
        at = parent;
    }
    return 0;
}

/* `ret` is what was read of the process; it is the one that a pidfd opened before is of. */
static enum side side_of(const struct run *run, pid_t pid, struct fp_proc *ret) {
    for (int i = 0; i < MAX_LOOKS; i++) {
        if (!fp_proc_read(pid, ret))
            return NOBODY;
        if (run->has_namespace)
            return INSIDE;
        int inside = climb(run, *ret);
        if (inside >= 0)
            return inside ? INSIDE : OUTSIDE;
    }
    return OUTSIDE;
}

/* --- what is refused --- */

static void write_down(struct fp_refusal *refusal, const struct fp_signal *s, pid_t example) {
    refusal->by = fp_sys_getpid();
    refusal->target = s->pid == 0 ? -fp_sys_getpgid(0) : s->pid;
    refusal->number = s->number;
    (void)fp_proc_text("/proc/self/comm", refusal->by_name, sizeof refusal->by_name);
    if (example > 0)
        (void)read_name(example, refusal->target_name, sizeof refusal->target_name);
    atomic_store(&refusal->written, 1);
}

/* Counted and, the first ones, told. example: who would have got it. */
static long refuse(const struct fp_signal *s, pid_t example) {
    struct fp_ledger *ledger = fp_ledger_open();
    unsigned number = ledger ? atomic_fetch_add(&ledger->refused, 1) : FP_LEDGER_REFUSALS;
    if (number < FP_LEDGER_REFUSALS)
        write_down(&ledger->refusals[number], s, example);
    return -EPERM;
}

/* --- one process --- */

/* The same by a pidfd: of the process, or of one thread of it where the kernel has those. */
static long send_held(const struct fp_signal *s, int pidfd,
                      long (*send)(const struct fp_signal *)) {
    siginfo_t info;
    struct fp_signal held = {FP_BY_PIDFD, s->pid, pidfd, s->number, NULL};
    if (s->by == FP_BY_TGKILL || (s->by == FP_BY_QUEUE && !s->user_info))
        return send(s);
    if (s->by == FP_BY_QUEUE) {
        if (fp_sys_copy_in(&info, s->user_info, sizeof info) < 0)
            return send(s); // the kernel's to refuse
        info.si_signo = s->number;
        held.user_info = &info;
    }
    return send(&held);
}

/* Without a pidfd: what was found out of the number holds as far as it can. */
static bool is_still_there(pid_t pid, int pidfd) {
    long probe = pidfd < 0 ? fp_sys_kill(pid, 0) : fp_sys_pidfd_send_signal(pidfd, 0, NULL);
    return probe != -ESRCH;
}

/*
 * Opened before it is looked at, and still there afterwards: what /proc has shown is of the process
 * that the pidfd is of.
 */
static enum side judge(const struct run *run, pid_t pid, int pidfd) {
    struct fp_proc proc;
    enum side side = run->is_known ? side_of(run, pid, &proc) : OUTSIDE;
    fp_point(FP_POINT_CONFINED);
    if (!is_still_there(pid, pidfd))
        return NOBODY;
    return side == INSIDE ? INSIDE : OUTSIDE; // also one that /proc does not show
}

static long send_to_process(const struct run *run, const struct fp_signal *s,
                            long (*send)(const struct fp_signal *), bool is_confined) {
    int pidfd = s->by == FP_BY_PIDFD ? -1 : fp_sys_pidfd_open(s->pid, 0);
    if (pidfd == -ESRCH)
        return -ESRCH;
    enum side side = judge(run, s->pid, pidfd);
    long result = -ESRCH;
    if (side == INSIDE)
        result = pidfd >= 0 ? send_held(s, pidfd, send) : send(s);
    else if (side == OUTSIDE && is_confined)
        result = refuse(s, s->pid);
    if (pidfd >= 0)
        (void)fp_sys_close(pidfd);
    return result;
}

/* --- groups, and everybody --- */

/* Mapped: threads may have stacks of 16 KiB. */
struct many {
    const struct fp_signal *signal;
    bool everybody;
    pid_t group; /* 0: one that has its number outside our pid namespace */
    unsigned reached, failed;
    pid_t stranger; /* one of them */
    struct fp_proc_list all;
    struct member {
        pid_t pid;
        uint64_t start;
    } done[MAX_MEMBERS];
};

static bool is_done(const struct many *many, const struct fp_proc *proc) {
    for (unsigned i = 0; i < many->reached; i++)
        if (many->done[i].pid == proc->pid && many->done[i].start == proc->start)
            return true;
    return false;
}

static void send_to_member(struct many *many, const struct fp_proc *proc, int pidfd) {
    int number = many->signal->number;
    long result =
        pidfd < 0 ? fp_sys_kill(proc->pid, number) : fp_sys_pidfd_send_signal(pidfd, number, NULL);
    if (result == 0)
        many->done[many->reached++] = (struct member){proc->pid, proc->start};
    else if (result == -EPERM)
        many->failed++;
}

/* The guard, its keeper, supervisor and what else it has: strangers, but nobody misses them. */
static bool is_ours_to_run(const struct run *run, const struct fp_proc *proc) {
    struct fp_proc parent;
    return proc->pid == run->guard || proc->ppid == run->guard ||
           (fp_proc_read(proc->ppid, &parent) && is_keeper(run, &parent));
}

static bool is_meant(const struct many *many, pid_t pid, struct fp_proc *ret) {
    return pid > 1 && pid != fp_sys_getpid() && fp_proc_read(pid, ret) &&
           (many->everybody || ret->pgrp == many->group) && !is_done(many, ret);
}

static void consider(struct many *many, const struct run *run, pid_t pid) {
    struct fp_proc proc;
    if (!is_meant(many, pid, &proc))
        return;
    int pidfd = fp_sys_pidfd_open(pid, 0);
    if (pidfd == -ESRCH)
        return;
    enum side side = is_meant(many, pid, &proc) ? judge(run, pid, pidfd) : NOBODY;
    if (side == INSIDE && many->reached < MAX_MEMBERS)
        send_to_member(many, &proc, pidfd);
    else if (side == OUTSIDE && !is_ours_to_run(run, &proc))
        many->stranger = pid;
    if (pidfd >= 0)
        (void)fp_sys_close(pidfd);
}

static void send_to_all(struct many *many, const struct run *run) {
    for (int pass = 0; pass < MAX_PASSES; pass++) {
        unsigned before = many->reached;
        if (!fp_proc_list_all(&many->all))
            return;
        for (pid_t pid; (pid = fp_proc_list_next(&many->all));)
            consider(many, run, pid);
        fp_proc_list_end(&many->all);
        if (many->reached == before)
            return;
    }
}

static long send_to_many(const struct run *run, const struct fp_signal *s, pid_t group) {
    struct many *many = run->is_known ? fp_sys_map(sizeof *many) : NULL;
    if (!many)
        return refuse(s, 0);
    many->signal = s;
    many->everybody = s->pid == -1;
    many->group = group;
    send_to_all(many, run);
    long result = many->failed || many->stranger ? -EPERM : -ESRCH;
    if (many->stranger)
        (void)refuse(s, many->stranger);
    if (many->reached > 0)
        result = 0;
    fp_sys_unmap(many, sizeof *many);
    return result;
}

/*
 * A session that is not the guard's was made by a member, and only what comes of that can be in it:
 * our own group there has no strangers, and it is there as long as we are.
 */
static bool is_all_ours(const struct run *run, pid_t group) {
    pid_t session = fp_sys_getsid(run->guard);
    return run->is_known && group == fp_sys_getpgid(0) && session > 0 &&
           fp_sys_getsid(0) != session;
}

static pid_t group_of(const struct fp_signal *s) {
    return s->pid == 0 ? fp_sys_getpgid(0) : -s->pid;
}

/* Nothing to be found out: the kernel's to refuse, or to ourselves. */
static bool is_plain(const struct fp_signal *s) {
    return s->number < 0 || s->number >= _NSIG || s->pid == fp_sys_getpid() ||
           s->pid < -FP_PID_MAX || (s->pid <= 0 && s->by != FP_BY_KILL);
}

long fp_confine_send(const struct fp_signal *s, long (*send)(const struct fp_signal *)) {
    if (is_plain(s))
        return send(s);
    const struct run run = find_run();
    if (run.has_namespace ? s->pid != 0 || fp_sys_getpgid(0) != 0 // who is outside has no number
                          : s->pid <= 0 && is_all_ours(&run, group_of(s)))
        return send(s);
    // No handler leaves by longjmp what is held.
    fp_sys_signals blocked = fp_sys_block_all();
    bool own = s->pid <= 0 && s->pid != -1 && group_of(s) == fp_sys_getpgid(0);
    long result =
        s->pid > 0 ? send_to_process(&run, s, send, true) : send_to_many(&run, s, group_of(s));
    fp_sys_set_blocked(blocked);
    // Ourselves last, as it may be our end.
    return own ? fp_sys_kill(fp_sys_getpid(), s->number) : result;
}

long fp_confine_send_inside(const struct fp_signal *s, long (*send)(const struct fp_signal *)) {
    if (is_plain(s))
        return send(s);
    const struct run run = find_run();
    if (!run.is_known || run.has_namespace)
        return send(s);
    fp_sys_signals blocked = fp_sys_block_all();
    long result = send_to_process(&run, s, send, false);
    fp_sys_set_blocked(blocked);
    return result;
}

bool fp_confine_has_thread(pid_t tid, int number) {
    struct fp_proc proc;
    const struct fp_signal s = {FP_BY_TGKILL, tid, tid, number, NULL};
    if (!fp_confine_is_on(number) || fp_sys_tgkill(fp_sys_getpid(), tid, 0) == 0)
        return true;
    const struct run run = find_run();
    enum side side = run.is_known ? side_of(&run, tid, &proc) : OUTSIDE;
    if (side != OUTSIDE || run.has_namespace)
        return true;
    (void)refuse(&s, tid);
    return false;
}
