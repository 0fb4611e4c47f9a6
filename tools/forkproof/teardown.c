#include "teardown.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fds.h"
#include "keep.h"
#include "proc.h"
#include "values.h"

/* Without progress for so long, what is left is stuck in the kernel, or is not ours to kill. */
#define STUCK_NS (10 * FP_SECOND)
#define DENIED_NS (FP_SECOND / 4)
/* For what dies at a stroke, before each is looked at. */
#define STROKE_NS (FP_SECOND / 2)
/* A wake-up is never missed, but the child of a member that died needs a new look. */
#define LOOK_AGAIN_NS (FP_SECOND / 100)
/* Where they cannot be held still, kept ones may fork as fast as they are let go. */
#define RELEASE_TRIES 100

/*
 * A fork bomb's share of the processor is larger than ours otherwise. Only while members are looked
 * for and signalled: those that have only to die do so sooner without.
 */
static void hurry(bool on) {
    static int usual = -1;
    static struct sched_param usual_priority;
    if (usual < 0) {
        sched_getparam(0, &usual_priority);
        usual = sched_getscheduler(0);
    }
    if (on)
        sched_setscheduler(0, SCHED_RR, &(struct sched_param){.sched_priority = 1});
    else
        sched_setscheduler(0, usual, &usual_priority);
}

static struct fp_left *find_left(struct fp_facts *facts, pid_t pid, uint64_t start) {
    for (uint32_t i = 0; i < facts->recorded; i++)
        if (facts->left[i].pid == pid && (start == 0 || facts->left[i].start == start) &&
            !facts->left[i].over)
            return &facts->left[i];
    return NULL;
}

static void finish_left(struct fp_left *left, int ended) {
    if (!left || left->over)
        return;
    left->ended = left->kept && ended <= FP_LEFT_RUNNING ? FP_LEFT_KEPT : ended;
    left->over = true;
}

/* SIGKILL is sent last; one that exits, or dies otherwise, did so before it arrived. */
static void note_reaped(struct fp_left *left, int status) {
    if (left)
        finish_left(left,
                    WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? left->sent : left->asked);
}

static bool is_alive(const struct fp_left *left, struct fp_proc_stat *ret) {
    return fp_proc_stat(left->pid, ret) == 0 && ret->start == left->start && fp_proc_alive(ret);
}

/*
 * Those recorded that a full listing does not show have ended, or were between two parents while we
 * looked (R22).
 */
static void note_gone(struct fp_teardown *t) {
    struct fp_facts *facts = t->run->facts;
    for (uint32_t i = 0; i < facts->recorded; i++) {
        struct fp_left *left = &facts->left[i];
        struct fp_member *member = fp_members_find(&t->now, left->pid);
        struct fp_proc_stat stat;
        if (left->over ||
            (member && (member->start == left->start || member->start == FP_MEMBER_HIDDEN)))
            continue;
        if (!member && is_alive(left, &stat))
            (void)fp_members_add(&t->now, &stat);
        else
            finish_left(left, left->sent);
    }
}

void fp_teardown_check_rung(struct fp_teardown *t) {
    if (fp_contain_check(&t->run->contain))
        fp_run_note_rung(t->run);
}

static void look(struct fp_teardown *t) {
    hurry(true);
    fp_teardown_check_rung(t);
    fp_members_clear(&t->now);
    if (fp_proc_newest(&t->newest) < 0)
        t->newest = 0;
    int walked = fp_walk_list(&t->scope, &t->now);
    int listed = fp_contain_list(&t->run->contain, &t->now);
    t->starved = walked == -ENOMEM || listed == -ENOMEM;
    t->run->facts->uncounted |= t->starved;
    if (walked >= 0 && listed >= 0)
        note_gone(t);
    if (t->keeping)
        fp_keep_mark(t->run, &t->kept, &t->now);
}

/*
 * The rung's stroke would kill what is kept. Held still, nobody forks or ends between the look and
 * the way out; where that cannot be had the stroke is given up.
 */
static void release_kept(struct fp_teardown *t) {
    struct fp_contain *contain = &t->run->contain;
    if (!t->keeping || !fp_keep_is_held(contain, &t->now))
        return;
    bool still = fp_contain_freeze(contain, true) == 0;
    for (int tries = 0; tries < RELEASE_TRIES; tries++) {
        look(t);
        if (fp_keep_release(contain, &t->now) == 0 || still)
            break;
    }
    if (!still || fp_keep_is_held(contain, &t->now))
        t->no_stroke = true;
    if (!t->held_still)
        (void)fp_contain_freeze(contain, false);
}

/* What the rung lists is not yet sifted. */
bool fp_teardown_spares(const struct fp_teardown *t, const struct fp_member *member) {
    return member->kept || fp_scope_excludes(&t->scope, member->pid);
}

size_t fp_teardown_list(struct fp_teardown *t) {
    size_t count = 0;
    look(t);
    release_kept(t);
    for (size_t i = 0; i < t->now.count; i++)
        count += !fp_teardown_spares(t, &t->now.at[i]);
    return count;
}

/* Nobody was born since the listing began: it has them all. */
static bool is_whole(const struct fp_teardown *t) {
    pid_t newest;
    return t->newest && fp_proc_newest(&newest) == 0 && newest == t->newest;
}

static uint32_t *total_of(struct fp_facts *facts, bool kept, bool late) {
    return kept ? &facts->kept_total : late ? &facts->late_total : &facts->left_total;
}

/* One that has come to be kept after it was recorded. */
static void count_as_kept(struct fp_facts *facts, struct fp_left *left) {
    --*total_of(facts, left->kept, left->late);
    left->kept = true;
    facts->kept_total++;
}

static void record(struct fp_teardown *t, const struct fp_member *member, bool late) {
    struct fp_facts *facts = t->run->facts;
    struct fp_left *known = find_left(facts, member->pid, member->start);
    /* One that may not be traced is hidden while it dies, though it was not before. */
    if (member->start == FP_MEMBER_HIDDEN && fp_members_find(&t->seen, member->pid))
        return;
    if (known && member->kept && !known->kept)
        count_as_kept(facts, known);
    if (known || !fp_members_add_once(&t->seen, member))
        return;
    facts->uncounted |= !fp_members_has(&t->seen, member);
    ++*total_of(facts, member->kept, late);
    if (facts->recorded == FP_LEFT_MAX)
        return;
    struct fp_left *left = &facts->left[facts->recorded];
    left->pid = member->pid;
    left->ppid = member->ppid;
    left->start = member->start;
    left->late = late;
    left->kept = member->kept;
    if (fp_members_has(&t->asked, member))
        left->asked = left->sent = t->asked_signal;
    memcpy(left->comm, member->comm, sizeof left->comm);
    left->argv_length = (uint32_t)fp_proc_argv(member->pid, left->argv, sizeof left->argv);
    fp_attribute(t->run, left);
    facts->recorded++;
}

/*
 * The kernel has begun to end it, or will before it does anything more: it is waited for as the
 * others are, but was not left behind. Of those that we have asked ourselves this says nothing, and
 * of those that are no more than counted it is not asked.
 */
static bool was_ending(struct fp_teardown *t, const struct fp_member *member, bool late) {
    if (fp_members_has(&t->ending, member))
        return true;
    bool is_in_doubt = !late && !member->kept && member->start != FP_MEMBER_HIDDEN &&
                       t->run->facts->recorded < FP_LEFT_MAX &&
                       !fp_members_has(&t->asked, member) && !fp_members_has(&t->seen, member);
    bool is_ending = is_in_doubt && fp_proc_is_ending(member->pid);
    if (is_ending)
        (void)fp_members_add_once(&t->ending, member);
    return is_ending;
}

void fp_teardown_record(struct fp_teardown *t, bool late) {
    const struct fp_facts *facts = t->run->facts;
    for (size_t i = 0; i < t->now.count; i++) {
        struct fp_member *member = &t->now.at[i];
        bool is_root = !facts->root_ended && member->pid == facts->root;
        if (!is_root && !fp_scope_excludes(&t->scope, member->pid) && !was_ending(t, member, late))
            record(t, member, late);
    }
}

/* Those that were about to end, and do not. */
static void record_stuck(struct fp_teardown *t) {
    for (size_t i = 0; i < t->now.count; i++)
        if (fp_members_has(&t->ending, &t->now.at[i]))
            record(t, &t->now.at[i], false);
}

/* One signal to one member, and the record kept. */
static int send(struct fp_teardown *t, struct fp_member *member, int sig) {
    struct fp_facts *facts = t->run->facts;
    if (fp_teardown_spares(t, member))
        return -EPERM;
    t->scope.list = &t->now;
    int r = sig == SIGKILL ? fp_member_signal(member, sig, &t->scope)
                           : fp_member_ask(member, sig, &t->scope);
    facts->mechanism = fp_member_mechanism();
    struct fp_left *left = find_left(facts, member->pid, member->start);
    if (left && r == 0)
        left->sent = sig;
    if (left && r == 0 && sig != SIGKILL)
        left->asked = sig;
    return r;
}

/* A zombie whose parent lives is reaped by nobody here: it ended before the kill. */
static void note_ended(struct fp_facts *facts) {
    struct fp_proc_stat stat;
    for (uint32_t i = 0; i < facts->recorded; i++) {
        struct fp_left *left = &facts->left[i];
        if (!left->over && left->sent != SIGKILL && !is_alive(left, &stat))
            finish_left(left, left->sent);
    }
}

static int kill_by_rung(struct fp_teardown *t) {
    struct fp_facts *facts = t->run->facts;
    if (t->keeping)
        (void)fp_teardown_list(t);
    if (t->run->contain.ops->kill_all)
        note_ended(facts);
    int r = t->no_stroke ? -EOPNOTSUPP : fp_contain_kill_all(&t->run->contain);
    for (uint32_t i = 0; r == 0 && i < facts->recorded; i++)
        if (!facts->left[i].over && !facts->left[i].kept)
            facts->left[i].sent = SIGKILL;
    return r;
}

void fp_teardown_ask(struct fp_teardown *t, int sig) {
    t->asked_signal = sig;
    for (size_t i = 0; i < t->now.count; i++) {
        struct fp_member *member = &t->now.at[i];
        if (!fp_members_has(&t->asked, member) && send(t, member, sig) == 0)
            (void)fp_members_add_once(&t->asked, member);
    }
    hurry(false);
}

static void drain(int signal_fd) {
    struct signalfd_siginfo info;
    while (read(signal_fd, &info, sizeof info) > 0)
        ;
}

bool fp_teardown_reap(struct fp_teardown *t, fp_child_changed changed, void *data) {
    for (;;) {
        struct rusage usage;
        int status;
        pid_t pid = wait4(-1, &status, WNOHANG | WUNTRACED | WCONTINUED | __WALL, &usage);
        if (pid == 0)
            return true;
        if (pid < 0)
            return errno == EINTR;
        if (WIFEXITED(status) || WIFSIGNALED(status))
            note_reaped(find_left(t->run->facts, pid, 0), status);
        if (changed)
            changed(data, pid, status, &usage);
    }
}

/*
 * Children that are strangers, or kept, never let the kernel say that there are none; then a look
 * must do.
 */
bool fp_teardown_is_empty(struct fp_teardown *t) {
    if (t->keeping)
        (void)fp_teardown_list(t); /* the rung is to hold none that is kept */
    /* Read first: a change that nobody reads keeps poll awake. */
    bool populated = fp_contain_populated(&t->run->contain);
    bool childless = waitid(P_ALL, 0, &(siginfo_t){0}, WEXITED | WNOHANG | WNOWAIT | __WALL) < 0 &&
                     errno == ECHILD;
    bool strangers = t->run->strangers.count && t->scope.top == t->run->facts->guard;
    if (!childless && (t->keeping || strangers))
        childless = fp_teardown_list(t) == 0;
    return childless && !populated;
}

struct round {
    size_t fresh;  /* sent SIGKILL now */
    size_t denied; /* not permitted */
    size_t dying;  /* sent it before */
};

/* killed: those of former rounds, by pid and start. */
static struct round kill_round(struct fp_teardown *t, struct fp_members *killed) {
    struct round round = {0};
    (void)kill_by_rung(t);
    fp_teardown_list(t);
    if (t->root_over && !t->run->facts->uncounted)
        fp_teardown_record(t, true);
    for (size_t i = 0; i < t->now.count; i++) {
        struct fp_member *member = &t->now.at[i];
        struct fp_member *before = fp_members_find(killed, member->pid);
        if (before && before->start == member->start) {
            round.dying++;
            continue;
        }
        int r = send(t, member, SIGKILL);
        if (r == 0)
            (void)fp_members_add_once(killed, member);
        round.fresh += r == 0;
        round.denied += r == -EPERM && !fp_teardown_spares(t, member);
    }
    return round;
}

static void note_unkillable(struct fp_teardown *t, const struct round *round) {
    struct fp_facts *facts = t->run->facts;
    fp_teardown_list(t);
    record_stuck(t);
    facts->unlisted = t->now.count == 0;
    for (uint32_t i = 0; i < facts->recorded; i++)
        finish_left(&facts->left[i], round->denied ? FP_LEFT_DENIED : FP_LEFT_STUCK);
}

/* Until nothing is left, or it is time for a new look. */
static void wait_for_change(struct fp_teardown *t, fp_child_changed changed, void *data) {
    int64_t deadline = fp_now() + LOOK_AGAIN_NS, left;
    hurry(false);
    for (;;) {
        drain(t->signal_fd);
        (void)fp_teardown_reap(t, changed, data);
        if (fp_teardown_is_empty(t) || (left = deadline - fp_now()) <= 0)
            return;
        struct pollfd fds[] = {
            {.fd = t->signal_fd, .events = POLLIN},
            {.fd = t->run->contain.events_fd, .events = t->run->contain.wake},
        };
        (void)fp_fds_poll(fds, 2, (int)(left / 1000000) + 1);
    }
}

/* A stroke needs no list of the dying, and to look at each while it dies makes it slower. */
static void kill_at_a_stroke(struct fp_teardown *t, fp_child_changed changed, void *data) {
    int64_t deadline = fp_now() + STROKE_NS;
    if (!t->run->contain.ops->kill_all)
        return;
    if (t->root_over && !t->run->facts->uncounted && !is_whole(t)) {
        fp_teardown_list(t);
        fp_teardown_record(t, true); /* afterwards nothing is known of them */
    }
    if (kill_by_rung(t) < 0)
        return;
    while (fp_contain_populated(&t->run->contain) && fp_now() < deadline)
        wait_for_change(t, changed, data);
}

/* Who was killed and counted takes the memory that the listing of the others needs. */
static void make_room(struct fp_teardown *t, struct fp_members *killed) {
    fp_members_free(killed);
    fp_members_free(&t->seen);
    fp_members_free(&t->ending);
    fp_members_free(&t->now);
}

void fp_teardown_kill(struct fp_teardown *t, fp_child_changed changed, void *data) {
    struct fp_members killed = {0};
    int64_t progress = fp_now();
    size_t before = SIZE_MAX;
    (void)fp_teardown_reap(t, changed, data);
    kill_at_a_stroke(t, changed, data);
    while (!fp_teardown_is_empty(t)) {
        struct round round = kill_round(t, &killed);
        if (round.fresh || t->now.count < before)
            progress = fp_now();
        before = t->now.count;
        int64_t stalled = fp_now() - progress;
        if (stalled > STUCK_NS || (round.denied && !round.dying && stalled > DENIED_NS)) {
            note_unkillable(t, &round);
            break;
        }
        if (t->starved)
            make_room(t, &killed);
        /* While they fork their dead are left to lie: they fill whatever limit the forks have. */
        if (round.fresh == 0 || is_whole(t))
            wait_for_change(t, changed, data);
    }
    fp_teardown_list(t);
    fp_members_free(&killed);
}

void fp_teardown_keep(struct fp_teardown *t) {
    struct fp_facts *facts = t->run->facts;
    if (!t->keeping)
        return;
    (void)fp_teardown_list(t);
    fp_teardown_record(t, true);
    for (uint32_t i = 0; i < facts->recorded; i++)
        if (facts->left[i].kept)
            finish_left(&facts->left[i], FP_LEFT_KEPT);
}

void fp_teardown_orphans(struct fp_teardown *t) {
    t->keeping = t->run->cli.keep_count > 0;
    fp_keep_take_over(t->run->facts, &t->kept);
    if (fp_run_ends_members(t->run) && !fp_teardown_is_empty(t))
        fp_teardown_kill(t, NULL, NULL);
    fp_teardown_keep(t);
    (void)fp_teardown_reap(t, NULL, NULL);
    fp_teardown_leave(t);
    fp_contain_close(&t->run->contain);
}

void fp_teardown_leave(struct fp_teardown *t) {
    for (uint32_t i = 0; i < t->run->facts->recorded; i++)
        finish_left(&t->run->facts->left[i], FP_LEFT_RUNNING);
}
