#include "attribution.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proc.h"
#include "run.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U /* Linux 6.3 */
#endif

/* A birth is entered by the parent right after it; later ones are another process's. */
#define LATE_TICKS 3000
/* Reading what a process has mapped takes its time: no more than so many are looked at. */
#define LOOKED_AT 32

/* --- the ledger --- */

static int make_memory(void) {
    int fd = memfd_create("forkproof-ledger", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
    if (fd < 0 && errno == EINVAL)
        fd = memfd_create("forkproof-ledger", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return fd < 0 ? -errno : fd;
}

/* Allocated as a whole and sealed: no store of a member can ever fault. */
static int map_whole(int fd, struct fp_ledger **ret) {
    size_t size = sizeof **ret;
    if (ftruncate(fd, (off_t)size) < 0 || fallocate(fd, 0, 0, (off_t)size) < 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
        return -errno;
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED)
        return -errno;
    *ret = at;
    return 0;
}

void fp_attribution_open(struct fp_attribution *a) {
    *a = (struct fp_attribution){.fd = make_memory()};
    int r = a->fd < 0 ? a->fd : map_whole(a->fd, &a->ledger);
    if (r == 0) {
        a->ledger->magic = FP_LEDGER_MAGIC;
        return;
    }
    snprintf(a->why_not, sizeof a->why_not, "no memory can be shared: %s", strerror(-r));
    if (a->fd >= 0)
        close(a->fd);
    a->fd = -1;
}

/* --- numbers --- */

/* The numbers of a process in the pid namespace `level` levels down, 1 being our own. */
struct numbers {
    pid_t pid, session;
};

static int count_words(const char *at) {
    int count = 0;
    for (; *at == '\t'; count++)
        at += 1 + strcspn(at + 1, "\t\n");
    return count;
}

static const char *line_of(const char *status, const char *name) {
    const char *at = strstr(status, name);
    return at ? at + strlen(name) : "";
}

static pid_t word_at(const char *at, int level) {
    for (; level > 1 && *at == '\t'; level--)
        at += 1 + strcspn(at + 1, "\t\n");
    return *at == '\t' ? atoi(at + 1) : 0;
}

/* ret_levels: how many it has. */
static int read_status(pid_t pid, int level, struct numbers *ret, int *ret_levels) {
    char path[64], *text;
    size_t length;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    int r = fp_proc_slurp(path, &text, &length);
    if (r < 0)
        return r;
    const char *pids = line_of(text, "\nNSpid:"), *sessions = line_of(text, "\nNSsid:");
    *ret_levels = count_words(pids);
    int at = level ? level : *ret_levels;
    *ret = (struct numbers){word_at(pids, at), word_at(sessions, at)};
    free(text);
    return ret->pid > 0 ? 0 : -ESRCH;
}

static int read_numbers(const struct fp_run *run, pid_t pid, struct numbers *ret) {
    int levels;
    if (run->facts->root_level > 1)
        return read_status(pid, run->facts->root_level, ret, &levels);
    *ret = (struct numbers){pid, getsid(pid)};
    return ret->session < 0 ? -errno : 0;
}

void fp_attribution_begin(struct fp_run *run) {
    struct fp_facts *facts = run->facts;
    struct fp_ledger *ledger = run->attribution.ledger;
    struct fp_proc_stat stat;
    struct numbers root;
    struct stat namespace;
    char path[64];
    if (fp_proc_stat(facts->root, &stat) == 0)
        facts->root_start = stat.start;
    if (read_status(facts->root, 0, &root, &facts->root_level) < 0)
        return;
    facts->root_inner = root.pid;
    facts->root_session = root.session;
    snprintf(path, sizeof path, "/proc/%d/ns/pid", (int)facts->root);
    if (!ledger || fstatat(AT_FDCWD, path, &namespace, 0) < 0)
        return;
    atomic_store(&ledger->live, 1);
    atomic_store(&ledger->top, facts->root_level > 1 ? 0 : facts->supervisor);
    atomic_store(&ledger->namespace, namespace.st_ino);
}

/* --- the chain --- */

/* One look at it: members may write it meanwhile. made 0: there is none. */
static struct fp_starter copy_starter(const struct fp_ledger *ledger, unsigned number) {
    struct fp_starter copy = {0};
    if (number < 1 || number > FP_LEDGER_STARTERS)
        return copy;
    const struct fp_starter *from = &ledger->starters[number - 1];
    uint64_t made = atomic_load(&from->made);
    copy.pid = from->pid;
    copy.parent = from->parent;
    copy.from = from->from;
    copy.flags = from->flags;
    copy.length = from->length < FP_LEDGER_ARGV ? from->length : FP_LEDGER_ARGV;
    memcpy(copy.argv, from->argv, sizeof copy.argv);
    atomic_store(&copy.made, atomic_load(&from->made) == made ? made : 0);
    return copy;
}

/* In a pid namespace of their own the numbers of those that are gone are not to be known: there its
 * init reaps, and a later count finds it. */
void fp_attribution_reaped(struct fp_run *run, pid_t pid) {
    struct fp_ledger *ledger = run->attribution.ledger;
    if (!ledger || run->cli.max_procs == 0 || run->facts->root_level != 1)
        return;
    for (unsigned i = 0; i < FP_LEDGER_WINDOW; i++) {
        _Atomic(fp_born) *at = &ledger->births[((unsigned)pid + i) % FP_LEDGER_BIRTHS];
        fp_born b = atomic_load(at);
        while (fp_born_pid(b) == pid && (b & FP_BORN_COUNTED))
            if (atomic_compare_exchange_weak(at, &b, b & ~FP_BORN_COUNTED)) {
                atomic_fetch_sub(&ledger->live, 1);
                return;
            }
    }
}

static uint64_t ticks_between(uint64_t from, uint64_t to) {
    return (to - from) & FP_BORN_TICKS_MASK;
}

/* The entry of this very process's birth, 0: none. */
static fp_born find_birth(const struct fp_ledger *ledger, pid_t pid, uint64_t start) {
    for (unsigned i = 0; i < FP_LEDGER_WINDOW; i++) {
        fp_born b = atomic_load(&ledger->births[((unsigned)pid + i) % FP_LEDGER_BIRTHS]);
        if (fp_born_pid(b) == pid && ticks_between(start, fp_born_ticks(b)) < LATE_TICKS)
            return b;
    }
    return 0;
}

/* The newest entry of a starter with this number, between two times in ns. 0: none. */
static unsigned find_starter(const struct fp_ledger *ledger, pid_t pid, uint64_t from,
                             uint64_t to) {
    uint64_t best_made = 0;
    unsigned best = 0;
    unsigned used = atomic_load(&ledger->next);
    for (unsigned i = 1; pid > 0 && i <= used && i <= FP_LEDGER_STARTERS; i++) {
        uint64_t made = atomic_load(&ledger->starters[i - 1].made);
        if (ledger->starters[i - 1].pid == pid && made >= from && made <= to && made > best_made) {
            best_made = made;
            best = i;
        }
    }
    return best;
}

/* False when there is no room. */
static bool add(struct fp_origin *origin, pid_t pid, const char *argv, size_t length) {
    if (origin->count == FP_CHAIN_MAX)
        return false;
    struct fp_ancestor *to = &origin->chain[origin->count++];
    to->pid = pid;
    to->length = (uint32_t)(length < sizeof to->argv ? length : sizeof to->argv);
    memcpy(to->argv, argv, to->length);
    return true;
}

/* From a starter up. `until`: it was one by then; whoever has its place since is another. */
static void follow(const struct fp_run *run, struct fp_origin *origin, unsigned number,
                   uint64_t until) {
    const struct fp_ledger *ledger = run->attribution.ledger;
    for (;;) {
        struct fp_starter starter = copy_starter(ledger, number);
        uint64_t made = atomic_load(&starter.made);
        if (made == 0 || made > until || !add(origin, starter.pid, starter.argv, starter.length))
            return;
        if (starter.pid == run->facts->root_inner) {
            origin->is_whole = true;
            return;
        }
        until = made - 1;
        number = starter.from ? starter.from : find_starter(ledger, starter.parent, 0, until);
    }
}

/* Up to the end of the tick, the first of two that may be told apart. */
static uint64_t end_of_tick(uint64_t ticks) {
    return (ticks + 1) * FP_LEDGER_TICK - 1;
}

struct climb {
    const struct fp_run *run;
    struct fp_origin *origin;
    bool is_daemon;
    pid_t forked_by; /* a starter without an exec since its own birth; 0: it is none */
};

/* Who adopts orphans is none of their starters; nor is the init of a namespace of the run's own. */
static bool is_above_members(const struct fp_run *run, pid_t pid) {
    struct numbers inner;
    if (pid <= 1 || pid == run->facts->supervisor || pid == run->facts->guard)
        return true;
    return run->facts->root_level > 1 && (read_numbers(run, pid, &inner) < 0 || inner.pid <= 1);
}

/* What the birth of the one left behind says of how it left. */
static void note_birth(struct climb *climb, fp_born b, uint64_t until) {
    const struct fp_run *run = climb->run;
    struct fp_starter starter = {0};
    if (run->attribution.ledger)
        starter = copy_starter(run->attribution.ledger, fp_born_starter(b));
    bool is_it = starter.made && starter.made <= until && starter.pid != run->facts->root_inner;
    climb->is_daemon = b & FP_BORN_DAEMON;
    climb->forked_by = is_it && (starter.flags & FP_STARTER_FORKED) ? starter.pid : 0;
}

/* True when the ledger tells who started it, and the chain goes on there. */
static bool follow_birth(struct climb *climb, pid_t inner, uint64_t start) {
    const struct fp_ledger *ledger = climb->run->attribution.ledger;
    fp_born b = ledger ? find_birth(ledger, inner, start) : 0;
    unsigned number = fp_born_starter(b);
    uint64_t until = end_of_tick(start + ticks_between(start, fp_born_ticks(b)));
    if (climb->origin->count == 0)
        note_birth(climb, b, until);
    if (ledger && !number) { // made by libc or by an image without hooks; it may know its parent
        unsigned own = find_starter(ledger, inner, start * FP_LEDGER_TICK, UINT64_MAX);
        struct fp_starter self = copy_starter(ledger, own);
        until = atomic_load(&self.made);
        number = self.from ? self.from : find_starter(ledger, self.parent, 0, until);
    }
    uint32_t before = climb->origin->count;
    if (number)
        follow(climb->run, climb->origin, number, until);
    return climb->origin->count > before;
}

/* What the ledger does not tell /proc may: parents that are still there. */
static void find_chain(struct climb *climb, struct fp_proc_stat at, struct numbers inner) {
    const struct fp_run *run = climb->run;
    char argv[FP_LEDGER_ARGV + 1];
    while (!follow_birth(climb, inner.pid, at.start)) {
        if (is_above_members(run, at.ppid) || fp_proc_stat(at.ppid, &at) < 0 ||
            read_numbers(run, at.pid, &inner) < 0 ||
            !add(climb->origin, inner.pid, argv, fp_proc_argv(at.pid, argv, sizeof argv)))
            return;
        if (at.pid == run->facts->root) {
            climb->origin->is_whole = true;
            return;
        }
    }
}

/* --- how --- */

static enum fp_how how_it_left(const struct climb *climb, const struct fp_proc_stat *stat,
                               const struct numbers *self) {
    const struct fp_run *run = climb->run;
    bool is_orphan = is_above_members(run, stat->ppid);
    if (climb->is_daemon)
        return FP_HOW_DAEMON;
    if (self->session == self->pid)
        return FP_HOW_SETSID;
    if (self->session != run->facts->root_session)
        return is_orphan && self->session == climb->forked_by ? FP_HOW_DOUBLE_FORK_SETSID
                                                              : FP_HOW_IN_SESSION;
    if (!is_orphan)
        return FP_HOW_WITH_PARENT;
    return climb->forked_by ? FP_HOW_DOUBLE_FORK : FP_HOW_OUTLIVED;
}

/* A shared object that a program asked for, not the loader itself nor what the loader reads. */
static bool shows_library(const char *maps) {
    for (const char *at = maps; (at = strstr(at, ".so")); at++) {
        const char *line = at;
        while (line > maps && line[-1] != '\n')
            line--;
        const char *slash = memrchr(line, '/', (size_t)(at - line));
        if (slash && strncmp(slash, "/ld-", 4) != 0 && strncmp(slash, "/ld.", 4) != 0)
            return true;
    }
    return false;
}

/* Right after an exec the loader is alone: it maps what is preloaded before all else. */
static int has_hooks(pid_t pid) {
    char path[64], *text;
    size_t length;
    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    if (fp_proc_slurp(path, &text, &length) < 0 || length == 0)
        return -1;
    bool loads = strstr(text, "/ld-") || strstr(text, "/ld.");
    int has = strstr(text, "/libforkproof") ? 1 : loads && !shows_library(text) ? -1 : 0;
    free(text);
    return has;
}

void fp_attribute(struct fp_run *run, struct fp_left *left) {
    struct fp_origin *origin = &left->origin;
    struct climb climb = {.run = run, .origin = origin};
    struct fp_proc_stat stat;
    struct numbers self;
    origin->hooks = -1;
    if (fp_proc_stat(left->pid, &stat) < 0 || stat.start != left->start ||
        read_numbers(run, left->pid, &self) < 0)
        return;
    left->inner = self.pid;
    if (run->facts->recorded < LOOKED_AT)
        origin->hooks = has_hooks(left->pid);
    find_chain(&climb, stat, self);
    origin->how = how_it_left(&climb, &stat, &self);
}

const char *fp_how_text(enum fp_how how) {
    static const char *const texts[] = {
        [FP_HOW_UNKNOWN] = "not known",
        [FP_HOW_OUTLIVED] = "outlived its parent",
        [FP_HOW_WITH_PARENT] = "stayed with its parent",
        [FP_HOW_DOUBLE_FORK] = "double fork",
        [FP_HOW_SETSID] = "setsid",
        [FP_HOW_DOUBLE_FORK_SETSID] = "double fork, setsid",
        [FP_HOW_IN_SESSION] = "in a session that a starter made",
        [FP_HOW_DAEMON] = "daemon(3)",
    };
    return texts[how];
}
