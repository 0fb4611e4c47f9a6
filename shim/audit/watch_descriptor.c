/* Descriptors that are opened and closed, and such that are used while they are not open. */
#include "sys.h"
#include "watch_inner.h"

/* Low ones, by number; the others are not remembered. */
#define BITS 1024
typedef _Atomic(uint32_t) bits[BITS / 32];

static bits are_known; /* opened by this image, which the record says */
static bits spawn_closes;
static atomic_int spawn_closes_from = INT32_MAX;

static bool has(bits *set, int fd) {
    return fd >= 0 && fd < BITS &&
           (atomic_load_explicit(&(*set)[fd / 32], memory_order_relaxed) >> (fd % 32) & 1);
}

static void add(bits *set, int fd) {
    if (fd >= 0 && fd < BITS)
        atomic_fetch_or(&(*set)[fd / 32], 1U << (fd % 32));
}

/* Whether it was there. */
static bool take(bits *set, int fd) {
    uint32_t bit = 1U << ((unsigned)fd % 32);
    return has(set, fd) && (atomic_fetch_and(&(*set)[fd / 32], ~bit) & bit);
}

/* --- opened --- */

static void remember(const struct fp_audit_descriptor *what) {
    bool is_new = what->what == FP_TOUCHED_OPEN || what->what == FP_TOUCHED_PIPE ||
                  what->what == FP_TOUCHED_DUP || what->what == FP_TOUCHED_SOCKETPAIR;
    // A vfork child has descriptors of its own, and the memory of its parent.
    if (what->result < 0 || !is_new || fp_watch_is_vfork_child())
        return;
    if (what->what != FP_TOUCHED_DUP && what->fd > 2)
        add(&are_known, what->fd);
    if (what->other > 2)
        add(&are_known, what->other);
}

void fp_watch_descriptor(const struct fp_audit_descriptor *what, const char *user_path,
                         const struct fp_here *here) {
    if (!fp_log_is_on())
        return;
    remember(what);
    if (user_path)
        fp_log_opened(what, user_path, here);
    else
        fp_log_descriptor(what, here);
}

/* --- closed --- */

static void tell(enum fp_audit_touched what, int fd, int result, const struct fp_here *here) {
    struct fp_audit_descriptor body = {.what = what, .fd = fd, .other = -1, .result = result};
    fp_log_descriptor(&body, here);
}

/* The last failed close that was written; one descriptor on from it, at the same place, tells a
 * reader that this is a loop over all there may be. */
static struct {
    _Atomic(uintptr_t) from;
    atomic_int fd;
} last_failed;

/* Before the call: another thread may open the number again as soon as it is closed. */
void fp_watch_close_begin(int fd, const struct fp_here *here) {
    bool is_known = fp_watch_is_vfork_child() ? has(&are_known, fd) : take(&are_known, fd);
    if (is_known && fp_log_is_on())
        tell(FP_TOUCHED_CLOSE, fd, 0, here);
}

void fp_watch_close_failed(int fd, int error, const void *from, const struct fp_here *here) {
    if (error != EBADF || fd < 0 || !fp_log_is_on())
        return;
    uintptr_t place = (uintptr_t)from;
    int distance = fd - atomic_load(&last_failed.fd);
    bool goes_on = atomic_load(&last_failed.from) == place && (distance == 1 || distance == -1);
    if (goes_on ? !fp_watch_is_new(place ^ 2) : !fp_watch_is_new(place ^ 3))
        return;
    atomic_store(&last_failed.from, place);
    atomic_store(&last_failed.fd, fd);
    tell(FP_TOUCHED_CLOSE, fd, -EBADF, here);
}

/* None is asked for one by one: which of them were open is not known. */
static void forget_range(unsigned first, unsigned last) {
    for (unsigned fd = first; fd < BITS && fd <= last; fd++)
        (void)take(&are_known, (int)fd);
}

void fp_watch_close_range(unsigned first, unsigned last, unsigned flags,
                          const struct fp_here *here) {
    const struct fp_audit_descriptor body = {.what = FP_TOUCHED_CLOSE_RANGE,
                                             .fd = (int)first,
                                             .other = last < INT32_MAX ? (int)last : INT32_MAX,
                                             .flags = flags};
    if (!fp_log_is_on() || first > INT32_MAX)
        return;
    if (!(flags & FP_TOUCHED_ON_EXEC) && !fp_watch_is_vfork_child())
        forget_range(first, last);
    fp_log_descriptor(&body, here);
}

/* --- not open --- */

void fp_watch_bad(enum fp_audit_touched what, int fd, const void *from,
                  const struct fp_here *here) {
    if (fd >= 0 && fp_log_is_on() && fp_watch_is_new((uintptr_t)from ^ 4))
        tell(what, fd, -EBADF, here);
}

/* --- spawns --- */

void fp_watch_spawn_closes(int fd, bool and_above) {
    int from = atomic_load(&spawn_closes_from);
    if (!and_above)
        add(&spawn_closes, fd);
    else if (fd < from)
        atomic_store(&spawn_closes_from, fd);
}

bool fp_watch_is_closed_by_spawn(int fd) {
    return has(&spawn_closes, fd) || fd >= atomic_load(&spawn_closes_from);
}
