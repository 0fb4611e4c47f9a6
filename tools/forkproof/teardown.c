#include "teardown.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proc.h"
#include "values.h"

/* Without progress for so long, what is left is stuck in the kernel, or is not ours to kill. */
#define STUCK_NS (10 * FP_SECOND)
#define DENIED_NS (FP_SECOND / 4)
/* A wake-up is never missed, but the child of a member that died needs a new look. */
#define LOOK_AGAIN_MS 10

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
    left->ended = ended;
    left->over = true;
}

/* SIGKILL is sent last; one that exits, or dies otherwise, did so before it arrived. */
static void note_reaped(struct fp_left *left, int status) {
    if (left)
        finish_left(left,
                    WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? left->sent : left->asked);
}

/* Those recorded that a full listing no longer shows have ended. */
static void note_gone(struct fp_teardown *t) {
    struct fp_facts *facts = t->run->facts;
    for (uint32_t i = 0; i < facts->recorded; i++) {
        struct fp_left *left = &facts->left[i];
        struct fp_member *member = fp_members_find(&t->now, left->pid);
        if (!member || member->start != left->start)
            finish_left(left, left->sent);
    }
}

size_t fp_teardown_list(struct fp_teardown *t) {
    fp_members_clear(&t->now);
    int walked = fp_walk_list(&t->scope, &t->now);
    int listed = fp_contain_list(&t->run->contain, &t->now);
    /* What the rung lists is not yet sifted. */
    size_t kept = 0;
    for (size_t i = 0; i < t->now.count; i++)
        kept += !fp_scope_excludes(&t->scope, t->now.at[i].pid);
    t->starved = walked == -ENOMEM || listed == -ENOMEM;
    t->run->facts->uncounted |= t->starved;
    if (walked >= 0 && listed >= 0)
        note_gone(t);
    return kept;
}

/* False when it was there already; a pid that has come back is another process. */
static bool add_once(struct fp_members *set, const struct fp_member *member) {
    struct fp_member *known = fp_members_find(set, member->pid);
    if (known && known->start == member->start)
        return false;
    struct fp_proc_stat stat = {.pid = member->pid, .start = member->start};
    if (known)
        known->start = member->start;
    else
        (void)fp_members_add(set, &stat);
    return true;
}

static void record(struct fp_teardown *t, const struct fp_member *member, bool late) {
    struct fp_facts *facts = t->run->facts;
    if (find_left(facts, member->pid, member->start) || !add_once(&t->seen, member))
        return;
    if (late)
        facts->late_total++;
    else
        facts->left_total++;
    if (facts->recorded == FP_LEFT_MAX)
        return;
    struct fp_left *left = &facts->left[facts->recorded];
    left->pid = member->pid;
    left->ppid = member->ppid;
    left->start = member->start;
    left->late = late;
    memcpy(left->comm, member->comm, sizeof left->comm);
    left->argv_length = (uint32_t)fp_proc_argv(member->pid, left->argv, sizeof left->argv);
    facts->recorded++;
}

void fp_teardown_record(struct fp_teardown *t, bool late) {
    for (size_t i = 0; i < t->now.count; i++)
        if (!fp_scope_excludes(&t->scope, t->now.at[i].pid))
            record(t, &t->now.at[i], late);
}

/* One signal to one member, and the record kept. */
static int send(struct fp_teardown *t, struct fp_member *member, int sig) {
    struct fp_facts *facts = t->run->facts;
    t->scope.list = &t->now;
    int r = fp_member_signal(member, sig, &t->scope);
    facts->mechanism = fp_member_mechanism();
    struct fp_left *left = find_left(facts, member->pid, member->start);
    if (left && r == 0)
        left->sent = sig;
    if (left && r == 0 && sig != SIGKILL)
        left->asked = sig;
    return r;
}

static void kill_by_rung(struct fp_teardown *t) {
    struct fp_facts *facts = t->run->facts;
    if (fp_contain_kill_all(&t->run->contain) < 0)
        return;
    for (uint32_t i = 0; i < facts->recorded; i++)
        if (!facts->left[i].over)
            facts->left[i].sent = SIGKILL;
}

void fp_teardown_ask(struct fp_teardown *t, int sig) {
    for (size_t i = 0; i < t->now.count; i++)
        if (send(t, &t->now.at[i], sig) == 0) {
            t->scope.list = &t->now;
            (void)fp_member_signal(&t->now.at[i], SIGCONT, &t->scope);
        }
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

/* Children that are strangers never let the kernel say that there are none; then a look must do. */
bool fp_teardown_is_empty(struct fp_teardown *t) {
    /* Read first: a change that nobody reads keeps poll awake. */
    bool populated = fp_contain_populated(&t->run->contain);
    bool childless = waitid(P_ALL, 0, &(siginfo_t){0}, WEXITED | WNOHANG | WNOWAIT | __WALL) < 0 &&
                     errno == ECHILD;
    if (!childless && t->run->strangers.count && t->scope.top == t->run->facts->guard)
        childless = fp_teardown_list(t) == 0;
    return childless && !populated;
}

/* A fork bomb's share of the processor is larger than ours otherwise. */
static void hurry(void) {
    sched_setscheduler(0, SCHED_RR, &(struct sched_param){.sched_priority = 1});
}

struct round {
    size_t fresh;  /* sent SIGKILL now */
    size_t denied; /* not permitted */
    size_t dying;  /* sent it before */
};

/* killed: those of former rounds, by pid and start. */
static struct round kill_round(struct fp_teardown *t, struct fp_members *killed) {
    struct round round = {0};
    kill_by_rung(t);
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
            (void)add_once(killed, member);
        round.fresh += r == 0;
        round.denied += r == -EPERM && !fp_scope_excludes(&t->scope, member->pid);
    }
    return round;
}

static void note_unkillable(struct fp_teardown *t, const struct round *round) {
    struct fp_facts *facts = t->run->facts;
    fp_teardown_list(t);
    facts->unlisted = t->now.count == 0;
    for (uint32_t i = 0; i < facts->recorded; i++)
        finish_left(&facts->left[i], round->denied ? FP_LEFT_DENIED : FP_LEFT_STUCK);
}

static void wait_for_change(struct fp_teardown *t) {
    struct pollfd fds[] = {
        {.fd = t->signal_fd, .events = POLLIN},
        {.fd = t->run->contain.events_fd, .events = POLLPRI},
    };
    poll(fds, 2, LOOK_AGAIN_MS);
}

/* Who was killed and counted takes the memory that the listing of the others needs. */
static void make_room(struct fp_teardown *t, struct fp_members *killed) {
    fp_members_free(killed);
    fp_members_free(&t->seen);
    fp_members_free(&t->now);
}

void fp_teardown_kill(struct fp_teardown *t, fp_child_changed changed, void *data) {
    struct fp_members killed = {0};
    int64_t progress = fp_now();
    size_t before = SIZE_MAX;
    hurry();
    for (;;) {
        drain(t->signal_fd);
        (void)fp_teardown_reap(t, changed, data);
        if (fp_teardown_is_empty(t))
            break;
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
        if (round.fresh == 0)
            wait_for_change(t);
    }
    fp_teardown_list(t);
    fp_members_free(&killed);
}

void fp_teardown_orphans(struct fp_teardown *t) {
    if (fp_run_ends_members(t->run) && !fp_teardown_is_empty(t))
        fp_teardown_kill(t, NULL, NULL);
    fp_teardown_leave(t);
    fp_contain_close(&t->run->contain);
}

void fp_teardown_leave(struct fp_teardown *t) {
    for (uint32_t i = 0; i < t->run->facts->recorded; i++)
        finish_left(&t->run->facts->left[i], FP_LEFT_RUNNING);
}
