#include "member.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contain/contain.h"
#include "proc.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif

/* Deeper than any tree that fits a machine; a cycle can only be seen while pids are recycled. */
#define CHAIN_LIMIT 4194304
/* A chain that breaks more often is not worth believing. */
#define CLIMBS 16

static enum fp_mechanism mechanism;

enum fp_mechanism fp_member_mechanism(void) {
    return mechanism;
}

static size_t slot_of(const struct fp_members *m, pid_t pid) {
    size_t slot = (size_t)((uint32_t)pid * 2654435761u) % m->slot_count;
    while (m->slots[slot] && m->at[m->slots[slot] - 1].pid != pid)
        slot = (slot + 1) % m->slot_count;
    return slot;
}

struct fp_member *fp_members_find(const struct fp_members *m, pid_t pid) {
    if (m->slot_count == 0)
        return NULL;
    uint32_t index = m->slots[slot_of(m, pid)];
    return index ? &m->at[index - 1] : NULL;
}

static int grow(struct fp_members *m) {
    size_t capacity = m->capacity ? m->capacity * 2 : 64;
    struct fp_member *at = realloc(m->at, capacity * sizeof *at);
    if (!at)
        return -ENOMEM;
    m->at = at;
    uint32_t *slots = calloc(capacity * 2, sizeof *slots);
    if (!slots)
        return -ENOMEM;
    free(m->slots);
    m->slots = slots;
    m->capacity = capacity;
    m->slot_count = capacity * 2;
    for (size_t i = 0; i < m->count; i++) // NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage)
        slots[slot_of(m, at[i].pid)] = (uint32_t)i + 1;
    return 0;
}

int fp_members_add(struct fp_members *m, const struct fp_proc_stat *stat) {
    if (fp_members_find(m, stat->pid))
        return 0;
    if (m->count == m->capacity) {
        int r = grow(m);
        if (r < 0)
            return r;
    }
    size_t slot = slot_of(m, stat->pid);
    struct fp_member *member = &m->at[m->count++];
    // NOLINTNEXTLINE(clang-analyzer-core.NullDereference): grow has made room
    *member = (struct fp_member){.pid = stat->pid, .ppid = stat->ppid, .start = stat->start};
    member->threaded = stat->threads > 1;
    memcpy(member->comm, stat->comm, sizeof member->comm);
    m->slots[slot] = (uint32_t)m->count;
    return 0;
}

bool fp_members_has(const struct fp_members *m, const struct fp_member *member) {
    const struct fp_member *known = fp_members_find(m, member->pid);
    return known && known->start == member->start;
}

bool fp_members_add_once(struct fp_members *m, const struct fp_member *member) {
    struct fp_member *known = fp_members_find(m, member->pid);
    if (known && known->start == member->start)
        return false;
    struct fp_proc_stat stat = {.pid = member->pid, .ppid = member->ppid, .start = member->start};
    if (known)
        known->start = member->start;
    else
        (void)fp_members_add(m, &stat);
    return true;
}

void fp_members_clear(struct fp_members *m) {
    m->count = 0;
    if (m->slots)
        memset(m->slots, 0, m->slot_count * sizeof *m->slots);
}

void fp_members_free(struct fp_members *m) {
    free(m->at);
    free(m->slots);
    *m = (struct fp_members){0};
}

bool fp_scope_excludes(const struct fp_scope *scope, pid_t pid) {
    if (pid <= 1 || pid == getpid() || pid == scope->top)
        return true;
    if (scope->contain && pid == scope->contain->init)
        return true;
    for (size_t i = 0; i < sizeof scope->never / sizeof scope->never[0]; i++)
        if (scope->never[i] == pid)
            return true;
    return scope->strangers && fp_members_find(scope->strangers, pid);
}

/* The parent as listed, verified in this pass and unchanged since: the rest of the chain is known.
 */
static bool has_trusted_parent(const struct fp_proc_stat *now, const struct fp_scope *scope) {
    const struct fp_member *parent = scope->list ? fp_members_find(scope->list, now->ppid) : NULL;
    struct fp_proc_stat stat;
    return parent && parent->verified && fp_proc_stat(parent->pid, &stat) == 0 &&
           stat.start == parent->start;
}

/* An orphan of the run's own pid namespace. */
static bool is_with_init(const struct fp_proc_stat *now, const struct fp_scope *scope) {
    const struct fp_contain *contain = scope->contain;
    return contain && now->ppid == contain->init && fp_contain_holds(contain, now->pid);
}

/* 1, 0, or -ESRCH: one on the way has been reaped meanwhile. */
static int climb(struct fp_proc_stat now, const struct fp_scope *scope) {
    for (int depth = 0; depth < CHAIN_LIMIT; depth++) {
        if (now.ppid == scope->top || is_with_init(&now, scope))
            return 1;
        if (fp_scope_excludes(scope, now.ppid))
            return 0;
        if (fp_proc_stat(now.ppid, &now) < 0)
            return -ESRCH;
    }
    return 0;
}

/* Orphans that an init reaps vanish while we look; their children have another parent then. */
static bool descends(const struct fp_proc_stat *member, const struct fp_scope *scope) {
    struct fp_proc_stat now = *member;
    for (int tries = 0; tries < CLIMBS; tries++) {
        int r = climb(now, scope);
        if (r >= 0)
            return r;
        if (fp_proc_stat(member->pid, &now) < 0 || now.start != member->start)
            return false;
    }
    return false;
}

static bool is_member(const struct fp_proc_stat *now, const struct fp_scope *scope) {
    /* Orphans of a stranger may have come to `top` too: a parent alone proves nothing then. */
    bool mixed = scope->strangers && scope->strangers->count;
    if (!mixed && now->ppid == scope->top)
        return true; /* the cheapest proof */
    if (scope->contain && fp_contain_holds(scope->contain, now->pid))
        return true;
    if (mixed && !fp_proc_has_env(now->pid, scope->marker))
        return false;
    return now->ppid == scope->top || has_trusted_parent(now, scope) || descends(now, scope);
}

/* A child of ours is pinned. */
static bool is_living_child(pid_t pid) {
    siginfo_t info = {.si_pid = 0};
    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0 &&
           info.si_pid == 0;
}

bool fp_member_is_hidden(pid_t pid, const struct fp_scope *scope) {
    /* A stranger's orphan may be hidden, too, and has shown no environment. */
    if (scope->strangers && scope->strangers->count)
        return false;
    return is_living_child(pid) ||
           (scope->contain && scope->contain->init && fp_contain_holds(scope->contain, pid));
}

/* The second look. */
static int confirm(struct fp_member *member, const struct fp_scope *scope) {
    struct fp_proc_stat now;
    if (member->start == FP_MEMBER_HIDDEN)
        return fp_member_is_hidden(member->pid, scope) ? 0 : -ESRCH;
    int r = fp_proc_stat(member->pid, &now);
    if (r < 0)
        return r;
    if (now.start != member->start || !fp_proc_alive(&now))
        return -ESRCH;
    if (!is_member(&now, scope))
        return -ESRCH;
    member->verified = true;
    return 0;
}

int fp_member_open(pid_t pid) {
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    return fd < 0 ? -errno : fd;
}

int fp_member_signal_pidfd(int pidfd, int sig) {
    return syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0) < 0 ? -errno : 0;
}

/* then: a second signal, or 0. */
static int signal_by_pid(struct fp_member *member, int sig, int then,
                         const struct fp_scope *scope) {
    mechanism = FP_MECHANISM_KILL;
    int r = confirm(member, scope);
    if (r == 0 && kill(member->pid, sig) < 0)
        r = -errno;
    if (r == 0 && then && confirm(member, scope) == 0)
        (void)kill(member->pid, then);
    return r;
}

static int signal_by_pidfd(struct fp_member *member, int fd, int sig, int then,
                           const struct fp_scope *scope) {
    mechanism = FP_MECHANISM_PIDFD;
    int r = confirm(member, scope);
    if (r == 0)
        r = fp_member_signal_pidfd(fd, 0);
    if (r == 0)
        r = fp_member_signal_pidfd(fd, sig);
    if (r == 0 && then)
        (void)fp_member_signal_pidfd(fd, then);
    return r;
}

static int signal_member(struct fp_member *member, int sig, int then,
                         const struct fp_scope *scope) {
    if (fp_scope_excludes(scope, member->pid))
        return -EPERM;
    int fd = fp_member_open(member->pid);
    if (fd == -ESRCH)
        return -ESRCH;
    int r = fd < 0 ? signal_by_pid(member, sig, then, scope)
                   : signal_by_pidfd(member, fd, sig, then, scope);
    if (fd >= 0)
        close(fd);
    if (r == 0)
        member->sent = sig;
    return r;
}

int fp_member_signal(struct fp_member *member, int sig, const struct fp_scope *scope) {
    return signal_member(member, sig, 0, scope);
}

int fp_member_ask(struct fp_member *member, int sig, const struct fp_scope *scope) {
    return signal_member(member, sig, SIGCONT, scope);
}

int fp_member_signal_child(pid_t child, int sig, const int *value) {
    int r;
    if (child <= 0) /* would be a whole process group, or everybody */
        return -ESRCH;
    if (value)
        r = sigqueue(child, sig, (union sigval){.sival_int = *value});
    else
        r = kill(child, sig);
    return r < 0 ? -errno : 0;
}
