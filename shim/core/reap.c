#include "reap.h"

#include <errno.h>
#include <limits.h>

#include "busy.h"
#include "cancel.h"
#include "child.h"
#include "claim.h"
#include "give.h"
#include "pending.h"
#include "point.h"
#include "stash.h"
#include "sys.h"

#define WAIT4_OPTIONS (WNOHANG | WUNTRACED | WCONTINUED | FP_CLONE_OPTIONS)
#define WAITID_EVENTS (WEXITED | WSTOPPED | WCONTINUED | FP_SYS_TRAPPED)
#define WAITID_OPTIONS (WNOHANG | WNOWAIT | WAITID_EVENTS | FP_CLONE_OPTIONS)

/* Not an errno: what was seen is gone or is somebody else's, look again. */
#define LOST (-4096L)

/* One round of a wait. */
struct look {
    const struct fp_wait *wait;
    struct fp_pending *note; /* what was seen */
    bool announced;          /* counted as a waiter */
    bool is_claimed;         /* what was seen is for a wait below this one */
    bool is_told;            /* that there is nothing stands in the program's memory already */
    int timer;               /* a descriptor, or -1 */
};

static bool blocks(const struct fp_wait *wait) {
    return !(wait->wanted.options & WNOHANG);
}

/* --- looking --- */

/* Also run when the thread is cancelled in the wait, or leaves it by longjmp. */
static void leave(void *context) {
    const struct look *look = context;
    if (look->announced)
        fp_count_down(&fp_table()->counts->waiters);
    if (look->timer >= 0)
        (void)fp_sys_close(look->timer);
    fp_pending_pop();
}

static long peek(const struct fp_wanted *wanted, struct fp_pending *note) {
    note->info.si_pid = 0;
    return fp_sys_waitid(wanted->idtype, wanted->id, &note->info, wanted->options | WNOWAIT, NULL);
}

/*
 * A waitid that does not block looks into the program's own memory: where there is nothing to tell
 * the kernel has written that, too, at a seventh of what copying it out costs. Memory that is bad
 * is looked past here, and found out once the zombie is taken, as bare.
 */
static long peek_in_place(struct look *look) {
    const struct fp_wanted *wanted = &look->wait->wanted;
    const siginfo_t *user_info = look->wait->user_result;
    long result = fp_sys_waitid(wanted->idtype, wanted->id, look->wait->user_result,
                                wanted->options | WNOWAIT, NULL);
    if (result == -EFAULT)
        return peek(wanted, look->note);
    look->is_told = result == -ECHILD || (result == 0 && user_info->si_pid == 0);
    look->note->info.si_pid = 0;
    if (result == 0 && !look->is_told)
        look->note->info = *user_info;
    return result;
}

static long peek_at_once(struct look *look) {
    look->is_told = false;
    return look->wait->in_place ? peek_in_place(look) : peek(&look->wait->wanted, look->note);
}

static bool stash_has(const struct fp_wanted *wanted) {
    struct fp_event unused;
    const struct fp_wanted left = {wanted->idtype, wanted->id, wanted->options | WNOWAIT};
    return fp_stash_take(&left, &unused);
}

/*
 * A wait for any child that is going to block says so before it looks at the stash for the last
 * time, so that no status slips into the stash behind it (R5). LOST: it has.
 */
static long peek_blocking(struct look *look) {
    struct fp_table *table = fp_table();
    int idtype = look->wait->wanted.idtype;
    if (table && (idtype == P_ALL || idtype == P_PGID)) {
        look->announced = true;
        atomic_fetch_add(&table->counts->waiters, 1);
        fp_point(FP_POINT_BEFORE_BLOCK);
        if (stash_has(&look->wait->wanted))
            return LOST;
    }
    int type = fp_cancel_open();
    long result = peek(&look->wait->wanted, look->note);
    fp_cancel_close(type);
    return result;
}

static bool same_group(const struct fp_wanted *wanted, pid_t pid) {
    return wanted->idtype != P_PGID || fp_sys_getpgid(pid) == (pid_t)wanted->id;
}

/* Looks at the registered children one by one. True when one has something to tell. */
static bool peek_each(struct look *look) {
    const struct fp_wanted *wanted = &look->wait->wanted;
    for (pid_t pid = 1; (pid = fp_set_next(FP_SET_CHILDREN, pid)); pid++) {
        const struct fp_wanted one = {P_PID, pid, wanted->options | WNOHANG};
        if (fp_word_is_child(atomic_load(fp_table_word(pid))) && !fp_pending_claims(pid) &&
            same_group(wanted, pid) && peek(&one, look->note) == 0 && look->note->info.si_pid)
            return true;
    }
    look->note->info.si_pid = 0;
    return false;
}

/* Is a child left that may still change? Without WEXITED, zombies do not count. */
static bool others_live(const struct fp_wanted *wanted) {
    siginfo_t info;
    int options = WSTOPPED | WNOHANG | WNOWAIT | (wanted->options & FP_CLONE_OPTIONS);
    return fp_sys_waitid(wanted->idtype, wanted->id, &info, options, NULL) != -ECHILD;
}

/* Unlike a sleep, a read goes on after a handler with SA_RESTART, and ends by others: as a wait. */
static long nap(struct look *look) {
    const long time = 100000; // ns
    uint64_t expired;
    look->timer = fp_sys_timer(time);
    if (look->timer >= 0)
        return fp_sys_read(look->timer, &expired, sizeof expired);
    fp_sys_nap(time);
    return 0;
}

/*
 * The kernel keeps showing what was seen, which is not for this wait (R6). Answers as peek, or
 * LOST.
 */
static long peek_past(struct look *look) {
    const struct fp_wanted *wanted = &look->wait->wanted;
    siginfo_t *info = &look->note->info;
    bool is_only = wanted->idtype == P_PID || wanted->idtype == FP_P_PIDFD;
    if (is_only && fp_event_is_end(info->si_code))
        return -ECHILD;
    bool live = others_live(wanted); // a child may end after it was looked at
    if (!is_only && peek_each(look))
        return 0;
    fp_point(FP_POINT_LOOKED_PAST);
    info->si_pid = 0;
    if (wanted->options & WNOHANG)
        return live ? 0 : -ECHILD;
    // Who has still to reap it is another thread, and will; or lies below us and cannot, or waits
    // for somebody who does.
    if (!live && (look->is_claimed || fp_busy()))
        return -ECHILD;
    return nap(look) == -EINTR ? -EINTR : LOST;
}

/* The zombie seen has no status any more, and the stash has not got it either. */
static bool is_deferred(const siginfo_t *info) {
    _Atomic(fp_word) *word = fp_event_is_end(info->si_code) ? fp_table_word(info->si_pid) : NULL;
    fp_word w = word ? atomic_load(word) : 0;
    while ((w & FP_DEFER) && !(w & FP_STASH))
        if (atomic_compare_exchange_weak(word, &w, w | FP_HIDDEN))
            return true;
    return false;
}

/*
 * What was seen is for a wait below, or has been given away. Otherwise it is ours to take: from
 * here on handlers look past it, and what they have taken for us before stays ours (R12).
 */
static bool is_anothers(struct look *look) {
    struct fp_pending *note = look->note;
    look->is_claimed = fp_pending_claims(note->info.si_pid);
    if (!(look->wait->wanted.options & WNOWAIT))
        fp_pending_claim(note);
    fp_point(FP_POINT_CLAIMED);
    return (look->is_claimed || is_deferred(&note->info)) && !atomic_load(&note->taken);
}

/* --- taking --- */

static long take_stop(struct look *look) {
    const siginfo_t *seen = &look->note->info;
    int kept = look->wait->wanted.options & (FP_CLONE_OPTIONS | WNOWAIT);
    int options = fp_event_option(seen->si_code) | WNOHANG | kept;
    siginfo_t info = {0};
    struct rusage usage;
    struct fp_event event;
    if (fp_sys_waitid(P_PID, seen->si_pid, &info, options, &usage) < 0 || !info.si_pid)
        return LOST;
    fp_event_set(&event, &info, &usage);
    return look->wait->give(look->wait, &event);
}

/* A WNOWAIT wait tells what it saw, whoever has taken it since. */
static long tell_zombie(struct look *look) {
    struct fp_zombie zombie = {0};
    struct fp_event event;
    if (look->wait->user_usage)
        (void)fp_claim_peek(look->note->info.si_pid, &zombie);
    fp_event_set(&event, &look->note->info, &zombie.usage);
    return look->wait->give(look->wait, &event);
}

static long take_zombie(struct look *look) {
    const struct fp_wait *wait = look->wait;
    pid_t pid = look->note->info.si_pid;
    struct fp_zombie zombie;
    struct fp_event event;
    long result;
    if (wait->wanted.options & WNOWAIT)
        return tell_zombie(look);
    switch (fp_claim_zombie(pid, wait->reap, wait, &result, &zombie)) {
    case FP_CLAIM_REAPED:
        return result;
    case FP_CLAIM_DEFERRED:
        fp_event_set(&event, &zombie.info, &zombie.usage);
        return wait->give(wait, &event);
    case FP_CLAIM_LOST:
    default:
        return LOST;
    }
}

/* What was seen, unless a handler has taken it for us meanwhile: then it is ours already (R12). */
static long take(struct look *look) {
    long result = LOST;
    if (!atomic_load(&look->note->taken))
        result = fp_event_is_end(look->note->info.si_code) ? take_zombie(look) : take_stop(look);
    if (result != LOST || !atomic_load(&look->note->taken))
        return result;
    struct fp_event event;
    fp_event_set(&event, &look->note->info, &look->note->usage);
    return look->wait->give(look->wait, &event);
}

/* No wait answers so: waitid is filtered. */
static bool is_denied(long result) {
    return result == -EPERM || result == -ENOSYS;
}

static long give_nothing(const struct fp_wait *wait, long result) {
    struct fp_event nothing;
    nothing.pid = 0;
    long given = wait->give(wait, &nothing);
    return given < 0 ? given : result;
}

/* What was a zombie at the beginning may have gone into the stash since (R5). */
static long conclude(const struct look *look, long result) {
    const struct fp_wait *wait = look->wait;
    struct fp_event event;
    if ((result == 0 || result == -ECHILD) && fp_stash_take(&wait->wanted, &event))
        return wait->give(wait, &event);
    return is_denied(result) || look->is_told ? result : give_nothing(wait, result);
}

static long look_and_take(struct look *look) {
    const struct fp_wait *wait = look->wait;
    const struct fp_wanted *wanted = &wait->wanted;
    struct fp_event event;
    if (fp_stash_take(wanted, &event))
        return wait->give(wait, &event);
    long at_once;
    if (wait->at_once && !fp_pending_claims((pid_t)wanted->id) &&
        fp_claim_at_once((pid_t)wanted->id, fp_give_wait_at_once, wait, &at_once)) {
        if (at_once > 0 || at_once == -EFAULT)
            return at_once;
        if (at_once < 0 || !blocks(wait))
            return conclude(look, at_once);
    }
    long result = blocks(wait) ? peek_blocking(look) : peek_at_once(look);
    fp_point(FP_POINT_AFTER_PEEK);
    if (result == 0 && look->note->info.si_pid && is_anothers(look))
        result = peek_past(look);
    if (result == LOST)
        return LOST;
    if (result == 0 && look->note->info.si_pid)
        return take(look);
    look->note->info.si_pid = 0; // claims nothing
    return conclude(look, result);
}

/*
 * A wait that blocks is woken by the very event that the handler above it will ask about, so what
 * it saw is noted for that handler (R12). One that does not block might as well have come later.
 */
static long wait_blocking(const struct fp_wait *wait, struct fp_pending *own) {
    struct fp_cleanup cleanup;
    struct fp_pending *note = fp_pending_push(wait->wanted.options);
    struct look look = {.wait = wait, .note = note ? note : own, .timer = -1};
    fp_cleanup_push(&cleanup, leave, &look);
    long result = look_and_take(&look);
    fp_point(FP_POINT_TAKEN);
    fp_cleanup_pop(&cleanup);
    leave(&look);
    if (fp_pending_passed())
        fp_claim_recall();
    return result;
}

static long wait_until(const struct fp_wait *wait) {
    struct fp_pending own; // not cleared: only what the kernel writes there is read
    struct look look = {.wait = wait, .note = &own, .timer = -1};
    long result;
    fp_cancel_test();
    fp_pending_settle();
    do {
        atomic_init(&own.taken, false);
        atomic_init(&own.claiming, false);
        result = blocks(wait) ? wait_blocking(wait, &own) : look_and_take(&look);
    } while (result == LOST);
    return result;
}

/* As bare: nothing is seen before it is taken, so a signal may be too late (R2). */
static long wait_unseen(const struct fp_wait *wait, pid_t pid, int options) {
    int own = 0;
    int *status = wait->user_result ? wait->user_result : &own;
    int type = fp_cancel_open();
    long result = fp_sys_wait4(pid, status, options, wait->user_usage);
    fp_cancel_close(type);
    _Atomic(fp_word) *word = result > 0 ? fp_table_word((pid_t)result) : NULL;
    if (word && (WIFEXITED(*status) || WIFSIGNALED(*status)))
        fp_child_gone((pid_t)result, word, 0);
    return result;
}

/* Where the group cannot be asked for it is named by 0, which means the same since 5.4. */
static long own_group(void) {
    pid_t group = fp_sys_getpgid(0);
    return group > 0 ? group : 0;
}

long fp_reap_wait4(pid_t pid, int *user_status, int options, struct rusage *user_usage) {
    if ((options & ~WAIT4_OPTIONS) || pid == INT_MIN) {
        fp_cancel_test();
        return fp_sys_wait4(pid, user_status, options, user_usage);
    }
    struct fp_wait wait = {
        .wanted = {P_PID, pid, FP_SYS_WAITID_OPTIONS(options) | WEXITED},
        .at_once = pid > 0,
        .reap = fp_give_reap_wait4,
        .give = fp_give_wait4,
        .user_result = user_status,
        .user_usage = user_usage,
    };
    if (pid <= 0) {
        wait.wanted.idtype = pid == -1 ? P_ALL : P_PGID;
        wait.wanted.id = pid == -1 ? 0 : pid == 0 ? own_group() : -(long)pid;
    }
    long result = wait_until(&wait);
    return is_denied(result) ? wait_unseen(&wait, pid, options) : result;
}

long fp_reap_waitid(int idtype, long id, siginfo_t *user_info, int options,
                    struct rusage *user_usage) {
    id = (pid_t)id; // as the kernel takes it
    if ((options & ~WAITID_OPTIONS) || !(options & WAITID_EVENTS)) {
        fp_cancel_test();
        return fp_sys_waitid(idtype, id, user_info, options, user_usage);
    }
    struct fp_wait wait = {
        .wanted = {idtype, idtype == P_PGID && id == 0 ? own_group() : id, options},
        .reap = fp_give_reap_waitid,
        .give = fp_give_waitid,
        .in_place = FP_SYS_WAITID_CLEARS && user_info && (options & WNOHANG),
        .user_result = user_info,
        .user_usage = user_usage,
    };
    long result = wait_until(&wait);
    return result > 0 ? 0 : result;
}
