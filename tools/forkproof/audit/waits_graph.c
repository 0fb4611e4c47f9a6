/* Who can never go on, and which of those wait for each other. */
#include <errno.h>
#include <linux/kcmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "waits_cycle.h"
#include "waits_inner.h"

typedef bool visitor(size_t process, void *data);

/* None: whoever it is, is not seen. */
static bool each_holder(const struct fp_waits *waits, const struct fp_wait *wait, bool writes,
                        visitor *visit, void *data) {
    size_t count = 0, last = SIZE_MAX;
    for (size_t i = fp_waits_first_end(waits, wait->key);
         i < waits->end_count && strcmp(waits->ends[i].key, wait->key) == 0; i++) {
        const struct fp_end *end = &waits->ends[i];
        if (!(writes ? end->writes : end->reads) || end->process == last)
            continue;
        last = end->process;
        count++;
        if (!visit(last, data))
            return false;
    }
    for (size_t i = 0; i < waits->process_count; i++)
        if (waits->processes[i].is_member && waits->processes[i].is_closed && !visit(i, data))
            return false;
    return count > 0;
}

static bool is_awaited(const struct fp_wait *wait, const struct fp_looked *child) {
    if (wait->kind == FP_WAIT_VFORK || wait->child_type == P_ALL)
        return true;
    if (wait->child_type == P_PID)
        return child->pid == (pid_t)wait->child;
    return wait->child == 0 || child->group == (pid_t)wait->child;
}

/* None, or one that has ended: the wait ends by itself. */
static bool each_child(const struct fp_waits *waits, const struct fp_wait *wait, visitor *visit,
                       void *data) {
    size_t count = 0;
    pid_t parent = waits->processes[wait->process].pid;
    for (size_t i = 0; i < waits->process_count; i++) {
        const struct fp_looked *child = &waits->processes[i];
        if (child->parent != parent || !is_awaited(wait, child))
            continue;
        count++;
        if (!child->is_alive || !visit(i, data))
            return false;
    }
    return count > 0;
}

/* Those that share the memory: a vfork child's parent, too. */
static bool each_sharer(const struct fp_waits *waits, const struct fp_wait *wait, visitor *visit,
                        void *data) {
    const struct fp_looked *own = &waits->processes[wait->process];
    for (size_t i = 0; i < waits->process_count; i++) {
        const struct fp_looked *other = &waits->processes[i];
        bool is_near = other->pid == own->parent || other->parent == own->pid;
        if (i == wait->process ||
            (is_near && syscall(SYS_kcmp, own->pid, other->pid, KCMP_VM, 0, 0) == 0))
            if (!visit(i, data))
                return false;
    }
    return true;
}

/* Any member may send a signal, or open a fifo: the process's own other threads, too. */
static bool each_member(const struct fp_waits *waits, visitor *visit, void *data) {
    for (size_t i = 0; i < waits->process_count; i++)
        if (waits->processes[i].is_member && waits->processes[i].is_alive && !visit(i, data))
            return false;
    return true;
}

static bool has_end(const struct fp_waits *waits, const struct fp_wait *wait, bool writes) {
    for (size_t i = fp_waits_first_end(waits, wait->key);
         i < waits->end_count && strcmp(waits->ends[i].key, wait->key) == 0; i++)
        if (writes ? waits->ends[i].writes : waits->ends[i].reads)
            return true;
    return false;
}

bool fp_waits_each_waker(const struct fp_waits *waits, const struct fp_wait *wait, visitor *visit,
                         void *data) {
    switch (wait->kind) {
    case FP_WAIT_READ:
        return !wait->is_idiom && each_holder(waits, wait, true, visit, data);
    case FP_WAIT_WRITE:
    case FP_WAIT_LOCK:
        return each_holder(waits, wait, false, visit, data);
    case FP_WAIT_OPEN_READ:
    case FP_WAIT_OPEN_WRITE:
        return !has_end(waits, wait, wait->kind == FP_WAIT_OPEN_READ) &&
               each_member(waits, visit, data);
    case FP_WAIT_CHILD:
    case FP_WAIT_VFORK:
        return each_child(waits, wait, visit, data);
    case FP_WAIT_FUTEX:
        return each_sharer(waits, wait, visit, data);
    case FP_WAIT_SIGNAL:
        return each_member(waits, visit, data);
    case FP_WAIT_OTHER:
        break;
    }
    return false;
}

bool fp_process_is_stuck(const struct fp_waits *waits, size_t process) {
    const struct fp_looked *at = &waits->processes[process];
    if (!at->is_member || !at->is_alive || at->is_closed || at->count == 0)
        return false;
    for (size_t i = 0; i < at->count; i++)
        if (!waits->waits[at->first + i].is_stuck)
            return false;
    return true;
}

static bool visit_stuck(size_t process, void *data) {
    return fp_process_is_stuck(data, process);
}

/* The most that can be stuck: takes away whom somebody can wake until nothing changes. */
static void solve(struct fp_waits *waits) {
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < waits->wait_count; i++) {
            struct fp_wait *wait = &waits->waits[i];
            if (!wait->is_stuck || fp_waits_each_waker(waits, wait, visit_stuck, waits))
                continue;
            wait->is_stuck = false;
            more = true;
        }
    }
}

/* The same call of the same thread, which was not scheduled between. */
static bool agrees(const struct fp_waits *before, const struct fp_looked *process,
                   const struct fp_wait *wait) {
    for (size_t i = 0; i < process->count; i++) {
        const struct fp_wait *old = &before->waits[process->first + i];
        if (old->tid == wait->tid)
            return old->is_stuck && old->kind == wait->kind && old->state == wait->state &&
                   old->call == wait->call && old->switches == wait->switches &&
                   memcmp(old->at, wait->at, sizeof old->at) == 0 &&
                   strcmp(old->key, wait->key) == 0;
    }
    return false;
}

/* Both looks are in the order of pids. */
static void compare(const struct fp_waits *before, struct fp_waits *now) {
    size_t old = 0;
    for (size_t i = 0; i < now->wait_count; i++) {
        struct fp_wait *wait = &now->waits[i];
        const struct fp_looked *process = &now->processes[wait->process];
        while (old < before->process_count && before->processes[old].pid < process->pid)
            old++;
        wait->is_stuck = old < before->process_count &&
                         before->processes[old].pid == process->pid &&
                         before->processes[old].born == process->born &&
                         agrees(before, &before->processes[old], wait);
    }
}

int fp_waits_cycles(struct fp_waits *before, struct fp_waits *now, struct fp_cycles *ret) {
    *ret = (struct fp_cycles){0};
    for (size_t i = 0; i < before->wait_count; i++)
        before->waits[i].is_stuck = before->waits[i].kind != FP_WAIT_OTHER;
    solve(before);
    compare(before, now);
    solve(now);
    int r = fp_cycles_find(now, ret);
    for (size_t i = 0; r == 0 && i < ret->count; i++)
        for (size_t n = 0; n < ret->at[i].wait_count; n++)
            fp_wait_measure(now, &now->waits[ret->at[i].waits[n]]);
    if (r < 0)
        fp_cycles_free(ret);
    return r;
}

void fp_cycles_free(struct fp_cycles *cycles) {
    for (size_t i = 0; i < cycles->count; i++)
        free(cycles->at[i].waits);
    free(cycles->at);
    *cycles = (struct fp_cycles){0};
}
