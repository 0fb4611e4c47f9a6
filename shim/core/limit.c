#include "limit.h"

#include <errno.h>
#include <stddef.h>

#include "proc.h"
#include "sys.h"

#ifdef FORKPROOF_TEST_POINTS
#define HIDDEN
#else
#define HIDDEN static
#endif

/*
 * The ledger's `counting`: somebody counts, and it is a matter of the others again at this time.
 * `full`: when the last count in vain began; whoever has asked before is answered by it. `rest`: no
 * other begins so soon after that. In nanoseconds since boot.
 */
#define COUNT_TIME 20000000 /* a count that takes longer was killed, or goes on beside another */
#define PATIENCE 200000000  /* at the limit nobody waits for an answer longer than this */
#define FIRST_NAP 250000    /* while another counts, or none is to begin; then twice as long */
#define LAST_NAP 8000000
#define REST_TIMES 4 /* a rest is so much longer than the count */
#define LEAST_REST 2000000
#define MOST_REST 50000000
#define MAX_PASSES 8

/* --- counting --- */

/* Mapped: threads may have stacks of 16 KiB. */
struct census {
    int count, most;
    struct fp_proc_list threads, children;
    pid_t pids[]; /* `most` of them, parents first */
};

static bool is_counted(const struct census *census, pid_t pid) {
    for (int i = 0; i < census->count; i++)
        if (census->pids[i] == pid)
            return true;
    return false;
}

/* again: some of them may have been counted as another's children. */
static void add_children(struct census *census, pid_t parent, pid_t thread, bool again) {
    if (!fp_proc_list_children(&census->children, parent, thread))
        return;
    for (pid_t pid; census->count < census->most && (pid = fp_proc_list_next(&census->children));)
        if (!again || !is_counted(census, pid))
            census->pids[census->count++] = pid;
    fp_proc_list_end(&census->children);
}

static void add_all_children(struct census *census, pid_t parent, bool again) {
    if (!fp_proc_list_threads(&census->threads, parent))
        return;
    for (pid_t thread; (thread = fp_proc_list_next(&census->threads));)
        add_children(census, parent, thread, again);
    fp_proc_list_end(&census->threads);
}

/* What loses its parent meanwhile goes to the top, which is looked at again until none has come. */
static void count_below(struct census *census, pid_t top) {
    int seen = 0;
    for (int pass = 0; pass < MAX_PASSES; pass++) {
        add_all_children(census, top, pass > 0);
        if (census->count == seen)
            break;
        for (; seen < census->count && census->count < census->most; seen++)
            add_all_children(census, census->pids[seen], false);
    }
}

/* In a pid namespace of the run's own: whoever can be seen but its init. */
static int count_everybody(struct census *census) {
    if (!fp_proc_list_all(&census->threads))
        return -1;
    for (pid_t pid; census->count < census->most && (pid = fp_proc_list_next(&census->threads));)
        census->count += pid != 1;
    fp_proc_list_end(&census->threads);
    return census->count;
}

static bool has_lists_of_children(struct census *census, pid_t top) {
    bool has = fp_proc_list_children(&census->children, top, top);
    if (has)
        fp_proc_list_end(&census->children);
    return has;
}

HIDDEN int fp_limit_count(const struct fp_ledger *ledger, int most) {
    pid_t top = atomic_load(&ledger->top);
    size_t size = sizeof(struct census) + (size_t)most * sizeof(pid_t);
    struct census *census = fp_sys_map(size);
    if (!census)
        return -1;
    census->most = most;
    int count = -1;
    bool is_known = fp_proc_is_ours();
    if (is_known && top == 0) {
        count = count_everybody(census);
    } else if (is_known && has_lists_of_children(census, top)) {
        count_below(census, top);
        count = census->count;
    }
    fp_sys_unmap(census, size);
    return count;
}

/* --- at the limit --- */

static uint64_t rest_after(uint64_t duration) {
    uint64_t rest = duration * REST_TIMES;
    return rest < LEAST_REST ? LEAST_REST : rest > MOST_REST ? MOST_REST : rest;
}

/* Sets the count right; others may be taking and giving back meanwhile. Ours is taken. */
static bool count_anew(struct fp_ledger *ledger, int limit) {
    int before = atomic_load(&ledger->live);
    uint64_t began = fp_ledger_now();
    int found = fp_limit_count(ledger, limit);
    bool room = found < limit;
    if (room && found >= 0)
        atomic_fetch_add(&ledger->live, found + 1 - before);
    if (!room) {
        atomic_store(&ledger->rest, (unsigned)rest_after(fp_ledger_now() - began));
        atomic_store(&ledger->full, began);
    }
    atomic_store(&ledger->counting, 0);
    return room;
}

/* Members may have scribbled here: times that nobody can have meant count for nothing. */
static bool may_count(struct fp_ledger *ledger, uint64_t time) {
    uint64_t counting = atomic_load(&ledger->counting);
    uint64_t since = time - atomic_load(&ledger->full);
    unsigned rest = atomic_load(&ledger->rest);
    if ((since < rest && rest <= MOST_REST) || (counting > time && counting - time <= COUNT_TIME))
        return false;
    return atomic_compare_exchange_strong(&ledger->counting, &counting, time + COUNT_TIME);
}

/* The place is taken and there is one too many. True: it turns out that there is room. */
static bool find_room(struct fp_ledger *ledger, int limit) {
    uint64_t asked = fp_ledger_now();
    long nap = FIRST_NAP;
    for (uint64_t time = asked; time - asked < PATIENCE; time = fp_ledger_now()) {
        uint64_t full = atomic_load(&ledger->full);
        if (atomic_load(&ledger->live) <= limit)
            return true;
        if (full >= asked && full <= time)
            return false;
        if (may_count(ledger, time))
            return count_anew(ledger, limit);
        fp_sys_nap(nap);
        nap = nap < LAST_NAP ? nap * 2 : nap;
    }
    return false;
}

int fp_limit_take(struct fp_ledger *ledger) {
    int limit = ledger ? (int)atomic_load(&ledger->limit) : 0;
    if (limit <= 0)
        return 0;
    if (atomic_fetch_add(&ledger->live, 1) < limit || find_room(ledger, limit))
        return 0;
    atomic_fetch_sub(&ledger->live, 1);
    atomic_fetch_add(&ledger->denied, 1);
    return -EAGAIN;
}

void fp_limit_give_back(struct fp_ledger *ledger) {
    if (ledger && atomic_load(&ledger->limit))
        atomic_fetch_sub(&ledger->live, 1);
}

void fp_limit_gone(struct fp_ledger *ledger, pid_t pid) {
    if (ledger && atomic_load(&ledger->limit) && fp_ledger_uncount(ledger, pid))
        atomic_fetch_sub(&ledger->live, 1);
}
