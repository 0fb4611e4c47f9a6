#include "tree.h"

#include <errno.h>
#include <sys/wait.h>

#include "point.h"
#include "proc.h"
#include "say.h"
#include "sys.h"

/* A bomb that ignores the signal must not hold us for ever. */
#define MAX_MEMBERS (1U << 15)
#define MAX_PASSES 8

/* How often to look whether a process has stopped, every 50 µs; less once that was in vain. */
#define LOOKS 200
#define FEWER_LOOKS 4
#define MAX_WASTED (5 * LOOKS)
#define LOOK_EVERY 50000

struct member {
    pid_t pid;
    bool stops; /* SIGSTOP was sent to it */
    uint64_t start;
};

/* Mapped: threads may have stacks of 16 KiB. */
struct tree {
    struct member *members; /* the child first, parents before their children */
    unsigned count, room;
    unsigned reached; /* descendants that got the signal */
    unsigned wasted;  /* looks at processes that did not stop */
    pid_t self;
    bool scans;
    struct fp_proc_list outer, inner;
};

/* --- who belongs to it --- */

static bool is_known(const struct tree *tree, const struct fp_proc *proc) {
    for (unsigned i = 0; i < tree->count; i++)
        if (tree->members[i].pid == proc->pid && tree->members[i].start == proc->start)
            return true;
    return false;
}

static bool make_room(struct tree *tree) {
    unsigned room = tree->room ? tree->room * 2 : 256;
    if (tree->count < tree->room)
        return true;
    struct member *larger = room <= MAX_MEMBERS ? fp_sys_map(room * sizeof *larger) : NULL;
    if (!larger)
        return false;
    for (unsigned i = 0; i < tree->count; i++)
        larger[i] = tree->members[i];
    if (tree->members)
        fp_sys_unmap(tree->members, tree->room * sizeof *larger);
    tree->members = larger;
    tree->room = room;
    return true;
}

static bool add(struct tree *tree, const struct fp_proc *proc) {
    if (!fp_proc_is_alive(proc) || !make_room(tree))
        return false;
    tree->members[tree->count++] = (struct member){.pid = proc->pid, .start = proc->start};
    return true;
}

static void add_if_child(struct tree *tree, pid_t parent, pid_t pid) {
    struct fp_proc proc;
    if (pid > 1 && pid != tree->self && fp_proc_read(pid, &proc) && proc.ppid == parent &&
        !is_known(tree, &proc))
        (void)add(tree, &proc);
}

/* The number still means the process that was listed. */
static bool is_same(const struct member *member) {
    struct fp_proc now;
    return fp_proc_read(member->pid, &now) && now.start == member->start;
}

static void add_children(struct tree *tree, unsigned index) {
    unsigned before = tree->count;
    pid_t parent = tree->members[index].pid;
    if (!fp_proc_list_threads(&tree->outer, parent))
        return;
    for (pid_t tid; (tid = fp_proc_list_next(&tree->outer));) {
        if (!fp_proc_list_children(&tree->inner, parent, tid))
            continue;
        for (pid_t pid; (pid = fp_proc_list_next(&tree->inner));)
            add_if_child(tree, parent, pid);
        fp_proc_list_end(&tree->inner);
    }
    fp_proc_list_end(&tree->outer);
    if (!is_same(&tree->members[index]))
        tree->count = before; // children of whoever has its number now
}

static bool has_member_as_parent(const struct tree *tree, const struct fp_proc *proc) {
    for (unsigned i = 0; i < tree->count; i++)
        if (tree->members[i].pid == proc->ppid && is_same(&tree->members[i]))
            return true;
    return false;
}

/* Without lists of children: everybody whose parent is a member. */
static void add_by_scan(struct tree *tree) {
    struct fp_proc proc;
    if (!fp_proc_list_all(&tree->outer))
        return;
    for (pid_t pid; (pid = fp_proc_list_next(&tree->outer));)
        if (fp_proc_read(pid, &proc) && has_member_as_parent(tree, &proc))
            add_if_child(tree, proc.ppid, pid);
    fp_proc_list_end(&tree->outer);
}

/* --- signals --- */

/* A pid that was listed may be another's by now: held by a pidfd, then looked at again (R9). */
static long signal_member(const struct member *member, int number) {
    int pidfd = fp_sys_pidfd_open(member->pid, 0);
    if (pidfd == -ESRCH)
        return -ESRCH;
    fp_point(FP_POINT_TREE_HELD);
    long result = -ESRCH;
    if (is_same(member))
        result = pidfd < 0 ? -ENOSYS : fp_sys_pidfd_send_signal(pidfd, number, NULL);
    if (result == -ENOSYS)
        result = fp_sys_kill(member->pid, number);
    if (pidfd >= 0)
        (void)fp_sys_close(pidfd);
    return result;
}

static void signal_from(struct tree *tree, unsigned first, int number) {
    for (unsigned i = first; i < tree->count; i++)
        tree->reached += signal_member(&tree->members[i], number) == 0;
}

static void stop_from(struct tree *tree, unsigned first) {
    for (unsigned i = first; i < tree->count; i++)
        tree->members[i].stops = signal_member(&tree->members[i], SIGSTOP) == 0;
}

static bool is_at_rest(char state) {
    return state == 'T' || state == 't' || state == 'Z' || state == 'X';
}

/* Every thread of it: any of them can fork. */
static bool has_stopped(struct tree *tree, pid_t pid) {
    struct fp_proc proc;
    bool all = true;
    if (!fp_proc_read(pid, &proc) || (proc.threads <= 1 && is_at_rest(proc.state)))
        return true;
    if (proc.threads <= 1 || !fp_proc_list_threads(&tree->outer, pid))
        return false;
    for (pid_t tid; (tid = fp_proc_list_next(&tree->outer));)
        all = all && (!fp_proc_read(tid, &proc) || is_at_rest(proc.state));
    fp_proc_list_end(&tree->outer);
    return all;
}

static void await_stop(struct tree *tree, unsigned index) {
    struct member *member = &tree->members[index];
    unsigned limit = tree->wasted < MAX_WASTED ? LOOKS : FEWER_LOOKS;
    for (unsigned looks = 0; member->stops && !has_stopped(tree, member->pid); looks++) {
        fp_sys_nap(LOOK_EVERY);
        if (looks < limit)
            continue;
        member->stops = false; // blocked in the kernel: it is not awaited again
        tree->wasted += looks;
    }
}

/* --- passes --- */

/*
 * Lists what is below the members, and returns how many are new. stopping: each is stopped when it
 * is found, and has stopped before its children are listed.
 */
static unsigned pass(struct tree *tree, bool stopping) {
    unsigned before = tree->count;
    for (unsigned i = 0; i < tree->count; i++) {
        unsigned known = tree->count;
        if (stopping)
            await_stop(tree, i);
        if (!tree->scans)
            add_children(tree, i);
        else if (i == known - 1)
            add_by_scan(tree);
        if (stopping)
            stop_from(tree, known);
    }
    return tree->count - before;
}

/* The report of the stop that only we have caused is nobody's to wait for. */
static void take_report_of_stop(const struct tree *tree) {
    siginfo_t info;
    (void)fp_sys_waitid(P_PID, tree->members[0].pid, &info, WSTOPPED | WNOHANG | (int)__WALL, NULL);
}

static long kill_tree(struct tree *tree, const struct fp_signal *s,
                      long (*send)(const struct fp_signal *)) {
    struct fp_proc child;
    bool was_stopped = fp_proc_read(s->pid, &child) && is_at_rest(child.state);
    struct fp_signal probe = *s;
    probe.number = 0;
    if (send(&probe) < 0)
        return send(s);
    stop_from(tree, 0);
    if (!tree->members[0].stops)
        return send(s);
    for (int i = 0; i < MAX_PASSES && pass(tree, true) > 0; i++)
        ;
    if (!was_stopped)
        take_report_of_stop(tree);
    fp_point(FP_POINT_TREE_LISTED);
    // From the leaves: a group that loses its last parent while stopped would be continued.
    for (unsigned i = tree->count - 1; i > 0; i--)
        tree->reached += signal_member(&tree->members[i], SIGKILL) == 0;
    return send(s);
}

static long end_tree(struct tree *tree, const struct fp_signal *s,
                     long (*send)(const struct fp_signal *)) {
    (void)pass(tree, false);
    fp_point(FP_POINT_TREE_LISTED);
    long result = send(s);
    if (result < 0)
        return result;
    unsigned done = 1;
    for (int i = 0; i < MAX_PASSES; i++) {
        signal_from(tree, done, s->number);
        done = tree->count;
        if (pass(tree, false) == 0)
            break;
    }
    return result;
}

static long send_to_tree(struct tree *tree, const struct fp_signal *s,
                         long (*send)(const struct fp_signal *)) {
    long result = s->number == SIGKILL ? kill_tree(tree, s, send) : end_tree(tree, s, send);
    fp_say_verbose(fp_self(), fp_words(": kill=tree: signal "), fp_number(s->number),
                   fp_words(" for "), fp_number(s->pid), fp_words(" reached "),
                   fp_number((int)tree->reached), fp_words(" descendants"));
    return result;
}

/* --- the whole --- */

#ifdef FORKPROOF_TEST_POINTS
bool fp_tree_scans;
#else
enum { fp_tree_scans = false };
#endif

static bool has_lists_of_children(struct tree *tree) {
    bool has = fp_proc_list_children(&tree->inner, tree->self, tree->self);
    if (has)
        fp_proc_list_end(&tree->inner);
    return has && !fp_tree_scans;
}

/* Holds the child alone; NULL without memory, or when /proc does not show it as ours. */
static struct tree *begin(pid_t child) {
    struct tree *tree = fp_sys_map(sizeof *tree);
    struct fp_proc proc;
    if (!tree)
        return NULL;
    tree->self = fp_sys_getpid();
    tree->scans = !has_lists_of_children(tree);
    if (fp_proc_is_ours() && fp_proc_read(child, &proc) && proc.ppid == tree->self &&
        add(tree, &proc))
        return tree;
    fp_sys_unmap(tree, sizeof *tree);
    return NULL;
}

static void end(struct tree *tree) {
    fp_sys_unmap(tree->members, tree->room * sizeof *tree->members);
    fp_sys_unmap(tree, sizeof *tree);
}

long fp_tree_send(const struct fp_signal *s, long (*send)(const struct fp_signal *)) {
    // No handler may run, and no jump leave, between the stop of a tree and its end.
    fp_sys_signals old = fp_sys_block_all();
    struct tree *tree = begin(s->pid);
    long result = tree ? send_to_tree(tree, s, send) : send(s);
    if (tree)
        end(tree);
    fp_sys_set_blocked(old);
    return result;
}
