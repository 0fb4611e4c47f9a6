#include "sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>

#include "contract.h"
#include "point.h"
#include "proc.h"
#include "sys.h"
#include "text.h"

/* Clock ticks; what SIGKILL has not ended by then is the kernel's. */
#define GRACE 500
#define GIVE_UP (GRACE + 200)
#define PASSES 100 /* of SIGKILL, at least: on a busy machine one may take a second */
#define DOUBT 100  /* clock ticks; who cannot be told from a member for so long is none */

#define SHORTEST_NAP 250000 /* nanoseconds */
#define LONGEST_NAP 10000000

#define FEW 512             /* processes that are looked for one by one */
#define YOUNG 100           /* clock ticks */
#define PLAIN_PID_MAX 32768 /* no machine makes as many processes in YOUNG */

struct one {
    struct fp_proc process;
    bool member;
    bool looked; /* at what it has mapped and at its environment: it is none by these */
    bool asked;  /* by SIGTERM */
    bool beyond; /* it may not be signalled: it is another user's by now, or we are */
};

/* In the order of their pids. */
struct listing {
    struct one *all;
    size_t count, capacity;
};

struct sweep {
    struct fp_register *reg;
    const char *path;
    pid_t self;
    bool crowded; /* there are few pids: one may be used again within a clock tick */
    struct listing now, before;
    size_t asked, beyond;
    size_t doubtful; /* neither known to be members nor not to be */
};

/* --- which processes there are --- */

static void forget(struct listing *l) {
    if (l->all)
        fp_sys_unmap(l->all, l->capacity * sizeof *l->all);
    *l = (struct listing){0};
}

static bool grow(struct listing *l) {
    struct listing larger = {.count = l->count, .capacity = l->capacity ? l->capacity * 2 : 256};
    larger.all = fp_sys_map(larger.capacity * sizeof *larger.all);
    if (!larger.all)
        return false;
    for (size_t i = 0; i < l->count; i++)
        larger.all[i] = l->all[i];
    forget(l);
    *l = larger;
    return true;
}

static struct one *find(const struct listing *l, pid_t pid) {
    size_t low = 0;
    size_t high = l->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (l->all[middle].process.pid < pid)
            low = middle + 1;
        else
            high = middle;
    }
    return low < l->count && l->all[low].process.pid == pid ? &l->all[low] : NULL;
}

/* Processes older than the register are none of its members. What was found out is kept. */
static void add(struct sweep *s, pid_t pid) {
    struct fp_proc process;
    struct listing *l = &s->now;
    if (pid == s->self || pid <= 1 || !fp_proc_read(pid, &process) || !fp_proc_is_alive(&process) ||
        process.start < s->reg->made)
        return;
    if (l->count == l->capacity && !grow(l))
        return;
    const struct one *known = find(&s->before, pid);
    struct one *one = &l->all[l->count++];
    *one = known && known->process.start == process.start ? *known : (struct one){0};
    one->process = process;
}

static bool are_all_between(struct fp_register *reg, pid_t first, pid_t last) {
    for (unsigned i = 0; i < FP_REGISTER_ENTRIES; i++) {
        fp_entry e = atomic_load_explicit(&reg->entries[i], memory_order_relaxed);
        if (fp_entry_alive(e) && (fp_entry_pid(e) < first || fp_entry_pid(e) > last))
            return false;
    }
    return true;
}

/*
 * A short program's processes have the numbers since its register was made and the newest there is;
 * looking at these alone spares a look at every process of the machine. Not where the numbers have
 * come round since, or may have.
 */
static bool list_young(struct sweep *s) {
    pid_t first = s->reg->newest + 1;
    if (first <= 1 || s->crowded || fp_register_now() > s->reg->made + YOUNG)
        return false;
    pid_t newest = fp_proc_newest();
    if (newest < first || newest - first >= FEW || !are_all_between(s->reg, first, newest))
        return false;
    for (pid_t pid = first; pid <= newest; pid++) {
        if (fp_sys_tgkill(pid, pid, 0) != -ESRCH) // asked for, /proc has threads, too
            add(s, pid);
        if (pid == newest) // a child made meanwhile by one that has ended since
            newest = fp_proc_newest();
    }
    return newest >= first && newest - first < FEW;
}

static void list(struct sweep *s) {
    struct fp_proc_list all;
    struct listing old = s->before;
    pid_t pid;
    s->before = s->now;
    s->now = (struct listing){old.all, 0, old.capacity};
    if (list_young(s))
        return;
    s->now.count = 0;
    if (!fp_proc_list_all(&all))
        return;
    while ((pid = fp_proc_list_next(&all)))
        add(s, pid);
    fp_proc_list_end(&all);
}

/* --- which of them are members --- */

static bool is_member(const struct sweep *s, pid_t pid) {
    const struct one *one = find(&s->now, pid);
    return one && one->member;
}

/*
 * It was entered after it had started, so a later holder of its number has started later. In the
 * same tick only where the numbers can have come round within one.
 */
static bool is_entered(const struct sweep *s, const struct fp_proc *process) {
    fp_entry e = fp_register_get(s->reg, process->pid);
    uint64_t last = fp_entry_ticks(e) - (s->crowded ? 1 : 0);
    return fp_entry_alive(e) && process->start <= last;
}

/* A group that a member has made and still leads; of others nobody can say whose they are now. */
static bool is_led(const struct sweep *s, pid_t leader) {
    return fp_entry_leads(fp_register_get(s->reg, leader)) && is_member(s, leader);
}

enum answer { NO, YES, NOTHING };

/*
 * Looks for "FORKPROOF_GROUP=PID:PATH" with our path in what the process was exec'd with. NOTHING:
 * there is no environment to be read.
 */
static enum answer is_named(const struct sweep *s, pid_t pid) {
    static const char name[] = FP_ENV_GROUP "=";
    struct fp_proc_variables variables;
    const char *value;
    bool any = false;
    bool found = false;
    if (!fp_proc_variables_begin(&variables, pid))
        return NOTHING;
    while (!found && (value = fp_proc_variables_next(&variables))) {
        unsigned writer;
        any = true;
        if (!fp_text_same(value, name, sizeof name - 1))
            continue;
        value = fp_text_read_number(value + sizeof name - 1, &writer);
        found = *value == ':' && fp_text_same(value + 1, s->path, fp_text_length(s->path) + 1);
    }
    fp_proc_variables_end(&variables);
    return found ? YES : any ? NO : NOTHING;
}

/* Its parent ended between the fork and the entry; it has not exec'd since. */
static bool has_register(const struct sweep *s, pid_t pid) {
    const char *name = s->path + fp_text_length(s->path);
    while (*name != '/')
        name--;
    return fp_proc_has_mapped(pid, name);
}

/*
 * First what an exec takes away, then what it leaves: a process that execs between the two looks is
 * seen by the second. NOTHING: it has just ended, and what it has made meanwhile is not listed, or
 * it is within an exec.
 */
static enum answer look(const struct sweep *s, pid_t pid) {
    if (has_register(s, pid))
        return YES;
    fp_point(FP_POINT_SWEEP_LOOKED);
    enum answer named = is_named(s, pid);
    if (named != NOTHING)
        return named;
    if (!fp_proc_has_arguments(pid))
        return NOTHING;
    return is_named(s, pid) == YES ? YES : NO; // cleared, not ours to read, or exec'd since
}

static bool belongs(const struct sweep *s, struct one *one) {
    const struct fp_proc *process = &one->process;
    if (process->ppid == s->self || is_entered(s, process) || is_member(s, process->ppid) ||
        is_led(s, process->pgrp) || is_led(s, process->session))
        return true;
    if (one->looked)
        return false;
    enum answer answer = look(s, process->pid);
    one->looked = answer != NOTHING;
    return answer == YES;
}

/* Threads of the kernel have neither environment nor arguments. */
static bool is_kernels(const struct fp_proc *process) {
    return process->ppid == 2 && process->pgrp == 0 && process->session == 0;
}

/* Until nothing changes: what makes a member of one may make members of others. */
static void mark(struct sweep *s) {
    bool changed;
    do {
        changed = false;
        for (size_t i = 0; i < s->now.count; i++)
            if (!s->now.all[i].member && belongs(s, &s->now.all[i]))
                s->now.all[i].member = changed = true;
    } while (changed);
    s->doubtful = 0;
    for (size_t i = 0; i < s->now.count; i++) {
        const struct one *one = &s->now.all[i];
        s->doubtful += !one->member && !one->looked && !is_kernels(&one->process);
    }
}

/* --- ending them --- */

static bool is_same(const struct fp_proc *process) {
    struct fp_proc now;
    return fp_proc_read(process->pid, &now) && now.start == process->start &&
           fp_proc_is_alive(&now);
}

/* The second look is sure to be at the process that the pidfd is of when that is still there. */
static long signal_one(const struct fp_proc *process, int number) {
    int pidfd = fp_sys_pidfd_open(process->pid, 0);
    if (pidfd < 0)
        return pidfd != -ESRCH && is_same(process) ? fp_sys_kill(process->pid, number) : -ESRCH;
    long result = is_same(process) ? fp_sys_pidfd_send_signal(pidfd, 0, NULL) : -ESRCH;
    if (result == 0)
        result = fp_sys_pidfd_send_signal(pidfd, number, NULL);
    (void)fp_sys_close(pidfd);
    return result;
}

static void reap_own(void) {
    while (fp_sys_wait4(-1, NULL, WNOHANG | (int)__WALL, NULL) > 0)
        ;
}

/* A stopped process hears of SIGTERM when it is continued. */
static void ask(struct sweep *s, struct one *one) {
    if (one->asked)
        return;
    one->asked = true;
    one->beyond = signal_one(&one->process, SIGTERM) == -EPERM;
    s->asked += !one->beyond;
    s->beyond += one->beyond;
    if (one->process.state == 'T')
        (void)signal_one(&one->process, SIGCONT);
}

/* Returns how many members there are that may be signalled. */
static size_t signal_all(struct sweep *s, bool kill) {
    size_t members = 0;
    for (size_t i = 0; i < s->now.count; i++) {
        struct one *one = &s->now.all[i];
        if (!one->member || one->beyond)
            continue;
        if (kill)
            (void)signal_one(&one->process, SIGKILL);
        else
            ask(s, one);
        members += !one->beyond;
    }
    return members;
}

struct fp_swept fp_sweep(struct fp_register *reg, const char *path) {
    struct sweep s = {.reg = reg, .path = path, .self = fp_sys_getpid()};
    s.crowded = fp_proc_pid_max() < PLAIN_PID_MAX;
    uint64_t began = fp_register_now();
    uint64_t spent = 0;
    unsigned kills = 0;
    long nap = SHORTEST_NAP;
    do {
        reap_own();
        list(&s);
        fp_point(FP_POINT_SWEEP_LISTED);
        mark(&s);
        kills += spent > GRACE;
        if (signal_all(&s, spent > GRACE) == 0 && (s.doubtful == 0 || spent > DOUBT))
            break;
        fp_sys_nap(nap);
        nap = nap < LONGEST_NAP ? nap * 2 : nap;
        spent = fp_register_now() - began;
    } while (spent < GIVE_UP || kills < PASSES);
    reap_own();
    forget(&s.now);
    forget(&s.before);
    return (struct fp_swept){s.asked, s.beyond};
}
