#include "ledger.h"

#include <stddef.h>
#include <sys/prctl.h>

#include "contract.h"
#include "register.h"
#include "settings.h"
#include "sys.h"
#include "table.h"
#include "text.h"

#define TRIES 8 /* at a place among the starters whose holder still lives */

/* Of this image; a forked child has the same. */
static struct {
    _Atomic(struct fp_ledger *) mapped;
    atomic_bool in_vain;  /* it cannot be had */
    atomic_uint starter;  /* the newest of this image's processes that we come of: place + 1 */
    _Atomic(uint64_t) of; /* when that was made */
} image;

/* --- the memory --- */

struct fp_ledger *fp_ledger(void) {
    return atomic_load_explicit(&image.mapped, memory_order_acquire);
}

/*
 * Reads by writing: a page that is read first is mapped with all around it, and once more when it
 * is written.
 */
static uint64_t peek(_Atomic(uint64_t) *at) {
    return atomic_fetch_or(at, 0);
}

/* Its numbers must mean what ours do. /proc/self is ours whichever namespace /proc belongs to. */
static bool is_of_our_namespace(const struct fp_ledger *ledger) {
    struct statx status = {0};
    return fp_sys_statx(FP_AT_FDCWD, "/proc/self/ns/pid", 0, &status) == 0 &&
           status.stx_ino == atomic_load(&ledger->namespace);
}

static struct fp_ledger *map(const char *path) {
    struct statx status = {0};
    struct fp_ledger *ledger = NULL;
    int fd = fp_sys_open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return NULL;
    if (fp_sys_statx(fd, "", AT_EMPTY_PATH, &status) == 0 && S_ISREG(status.stx_mode) &&
        status.stx_size == sizeof *ledger && fp_sys_is_sealed(fd))
        ledger = fp_sys_map_file(fd, sizeof *ledger);
    (void)fp_sys_close(fd);
    if (ledger && (peek(&ledger->magic) != FP_LEDGER_MAGIC || !is_of_our_namespace(ledger))) {
        fp_sys_unmap(ledger, sizeof *ledger);
        return NULL;
    }
    return ledger;
}

/* Two threads may both come here: one mapping is kept. */
struct fp_ledger *fp_ledger_open(void) {
    struct fp_ledger *none = NULL;
    struct fp_ledger *ledger = fp_ledger();
    if (ledger || !fp_settings.ledger || atomic_load(&image.in_vain))
        return ledger;
    ledger = map(fp_settings.ledger + sizeof FP_ENV_LEDGER); // and the '='
    if (!ledger) {
        atomic_store(&image.in_vain, true);
    } else if (!atomic_compare_exchange_strong(&image.mapped, &none, ledger)) {
        fp_sys_unmap(ledger, sizeof *ledger);
        ledger = none;
    } else {
        atomic_fetch_add(&ledger->images, 1);
    }
    return ledger;
}

/* --- births --- */

static _Atomic(fp_born) *place(struct fp_ledger *ledger, pid_t pid, unsigned step) {
    return &ledger->births[((unsigned)pid + step) % FP_LEDGER_BIRTHS];
}

static _Atomic(fp_born) *find(struct fp_ledger *ledger, pid_t pid) {
    for (unsigned i = 0; i < FP_LEDGER_WINDOW; i++)
        if (fp_born_pid(peek(place(ledger, pid, i))) == pid)
            return place(ledger, pid, i);
    return NULL;
}

bool fp_ledger_has(pid_t pid) {
    struct fp_ledger *ledger = fp_ledger_open();
    for (unsigned i = 0; ledger && i < FP_LEDGER_WINDOW; i++)
        if (fp_born_pid(atomic_load_explicit(place(ledger, pid, i), memory_order_relaxed)) == pid)
            return true;
    return false;
}

static uint64_t age(fp_born b, uint64_t ticks) {
    return (ticks - fp_born_ticks(b)) & FP_BORN_TICKS_MASK;
}

/* Where the pid stood before, else a free place, else that of the oldest. */
static _Atomic(fp_born) *room_for(struct fp_ledger *ledger, pid_t pid, uint64_t ticks) {
    _Atomic(fp_born) *best = place(ledger, pid, 0);
    for (unsigned i = 0; i < FP_LEDGER_WINDOW; i++) {
        _Atomic(fp_born) *at = place(ledger, pid, i);
        fp_born old = peek(at);
        if (old == 0 || fp_born_pid(old) == pid)
            return at;
        if (age(old, ticks) > age(atomic_load(best), ticks))
            best = at;
    }
    atomic_fetch_add(&ledger->lost_births, 1);
    return best;
}

static void enter_birth(struct fp_ledger *ledger, pid_t pid, fp_born how) {
    uint64_t ticks = fp_register_now();
    unsigned starter = atomic_load(&image.starter);
    fp_born born =
        (fp_born)(unsigned)pid | (fp_born)starter << 22 | how | (ticks & FP_BORN_TICKS_MASK) << 37;
    atomic_store(room_for(ledger, pid, ticks), born);
}

void fp_ledger_born(struct fp_ledger *ledger, pid_t pid) {
    enter_birth(ledger, pid, atomic_load(&ledger->limit) ? FP_BORN_COUNTED : 0);
}

void fp_ledger_daemon(void) {
    struct fp_ledger *ledger = fp_ledger();
    if (ledger)
        enter_birth(ledger, fp_sys_getpid(),
                    FP_BORN_DAEMON | (atomic_load(&ledger->limit) ? FP_BORN_COUNTED : 0));
}

bool fp_ledger_uncount(struct fp_ledger *ledger, pid_t pid) {
    _Atomic(fp_born) *at = find(ledger, pid);
    fp_born old = at ? atomic_load(at) : 0;
    while (fp_born_pid(old) == pid && (old & FP_BORN_COUNTED))
        if (atomic_compare_exchange_weak(at, &old, old & ~FP_BORN_COUNTED))
            return true;
    return false;
}

/* --- starters --- */

uint64_t fp_ledger_now(void) {
    struct timespec time = fp_sys_boot_time();
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* The newest wins the place of one that has ended; one that lives is not forgotten. */
static struct fp_starter *take_place(struct fp_ledger *ledger, unsigned *ret_number) {
    for (int i = 0; i < TRIES; i++) {
        unsigned at = atomic_fetch_add(&ledger->next, 1) % FP_LEDGER_STARTERS;
        struct fp_starter *starter = &ledger->starters[at];
        *ret_number = at + 1;
        if (peek(&starter->made) == 0 || fp_sys_kill(starter->pid, 0) == -ESRCH)
            return starter;
    }
    atomic_fetch_add(&ledger->lost_starters, 1);
    return NULL;
}

static struct fp_starter *starter_at(struct fp_ledger *ledger, unsigned number) {
    return number > 0 && number <= FP_LEDGER_STARTERS ? &ledger->starters[number - 1] : NULL;
}

/* Who forked us, when we have executed nothing since. */
static const struct fp_starter *forked_from(struct fp_ledger *ledger) {
    const struct fp_starter *from = starter_at(ledger, atomic_load(&image.starter));
    return from && atomic_load(&from->made) == atomic_load(&image.of) ? from : NULL;
}

/* Who forked the process that has become this image. The place may have another holder by now. */
static unsigned started_by(struct fp_ledger *ledger, pid_t self) {
    const _Atomic(fp_born) *at = find(ledger, self);
    fp_born born = at ? atomic_load(at) : 0;
    const struct fp_starter *from = starter_at(ledger, fp_born_starter(born));
    if (!from || fp_born_pid(born) != self)
        return 0;
    uint64_t later = age(born, from->ticks); // than the birth; or it goes round
    return later == 0 || later > FP_BORN_TICKS_MASK / 2 ? fp_born_starter(born) : 0;
}

static void name_after(struct fp_starter *starter, const struct fp_starter *from) {
    uint32_t length = from->length < sizeof starter->argv ? from->length : sizeof starter->argv;
    fp_text_copy(starter->argv, from->argv, length);
    starter->length = length;
}

static void name_self(struct fp_starter *starter) {
    int fd = fp_sys_open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    long length = fd < 0 ? 0 : fp_sys_read(fd, starter->argv, sizeof starter->argv);
    if (fd >= 0)
        (void)fp_sys_close(fd);
    if (length <= 0) {
        char name[16] = "";
        (void)fp_sys_prctl(PR_GET_NAME, (long)name, 0, 0, 0);
        length = (long)fp_text_length(name);
        fp_text_copy(starter->argv, name, (size_t)length);
    }
    starter->length = (uint32_t)length;
}

static unsigned enter_starter(struct fp_ledger *ledger) {
    unsigned number;
    const struct fp_starter *from = forked_from(ledger);
    struct fp_starter *starter = take_place(ledger, &number);
    if (!starter)
        return 0;
    pid_t self = fp_sys_getpid();
    uint64_t made = fp_ledger_now();
    atomic_store(&starter->made, 0);
    starter->ticks = (uint32_t)fp_register_now();
    starter->pid = self;
    starter->parent = fp_sys_getppid();
    starter->from = from ? atomic_load(&image.starter) : started_by(ledger, self);
    starter->flags = from ? FP_STARTER_FORKED : 0;
    if (from)
        name_after(starter, from);
    else
        name_self(starter);
    atomic_store(&starter->made, made);
    atomic_store(&image.of, made);
    atomic_store(&image.starter, number);
    return number;
}

struct fp_ledger *fp_ledger_enter(void) {
    struct fp_ledger *ledger = fp_ledger_open();
    const struct fp_table *table = ledger ? fp_table_make() : NULL;
    if (table && atomic_exchange(&table->counts->starter, 1) == 0)
        enter_starter(ledger);
    return ledger;
}
