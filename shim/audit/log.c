#include "log.h"

#include <stdatomic.h>

#include "point.h"
#include "sys.h"
#include "text.h"
#include "usertext.h"

/* Of this process. */
struct mine {
    _Atomic(struct fp_audit_chunk *) chunk;
    atomic_uint first; /* see fp_audit_chunk */
};

/* The same from its first fork on, if ever: the kernel zeroes it in a forked child. */
struct page {
    struct mine mine;
    _Alignas(8) char room[FP_LOG_ROOM];
};
_Static_assert(sizeof(struct page) <= 4096, "one page");

enum why { NOT_IN_VAIN, CANNOT_MAP, IS_FULL };

/* Of this image; a forked child has the same. */
static struct {
    _Atomic(struct fp_audit_head *) mapped;
    _Atomic(size_t) size;
    atomic_uint in_vain; /* enum why: for good */
    struct mine before;  /* it forks */
    _Atomic(struct page *) page;
    atomic_bool is_wiped; /* as it should be */
    atomic_uint newest;   /* the `first` of whoever last took its first chunk in this memory */
    atomic_bool is_mapping_due;
    _Atomic(uintptr_t) stack_end; /* 0: not known */
} image;

/* --- the memory --- */

/*
 * Whether our number is the same in the pid namespace of /proc, through which the record was found:
 * in one below it is lower, until numbers begin anew. To ask for the namespace itself costs a
 * fresh process more than all it writes.
 */
static bool is_of_our_namespace(void) {
    char text[FP_NUMBER_SIZE];
    unsigned number;
    long length = fp_sys_readlink("/proc/self", text, sizeof text - 1);
    if (length <= 0)
        return false;
    text[length] = '\0';
    return !*fp_text_read_number(text, &number) && (pid_t)number == fp_sys_getpid();
}

static bool is_ours(const struct fp_audit_head *head, size_t size) {
    return atomic_load(&head->magic) == FP_AUDIT_MAGIC && head->version == FP_AUDIT_VERSION &&
           head->chunk == FP_AUDIT_CHUNK && head->size == size && is_of_our_namespace();
}

static struct fp_audit_head *map(const char *path, size_t *ret_size) {
    struct statx status = {0};
    struct fp_audit_head *head = NULL;
    int fd = fp_sys_open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return NULL;
    if (fp_sys_statx(fd, "", AT_EMPTY_PATH, &status) == 0 && S_ISREG(status.stx_mode) &&
        status.stx_size >= FP_AUDIT_HEAD && status.stx_size <= FP_AUDIT_SIZE_MAX &&
        status.stx_size <= SIZE_MAX / 2 && fp_sys_is_sealed(fd))
        head = fp_sys_map_file(fd, (size_t)status.stx_size);
    (void)fp_sys_close(fd);
    *ret_size = (size_t)status.stx_size;
    if (head && !is_ours(head, *ret_size)) {
        fp_sys_unmap(head, *ret_size);
        return NULL;
    }
    return head;
}

/* Two threads may both come here: one mapping is kept. */
bool fp_log_open(const char *path) {
    size_t size;
    struct fp_audit_head *none = NULL;
    if (atomic_load(&image.mapped) || atomic_load(&image.in_vain))
        return fp_log_is_on();
    struct fp_audit_head *head = map(path, &size);
    if (!head) {
        atomic_store(&image.in_vain, CANNOT_MAP);
        return false;
    }
    atomic_store(&image.size, size); // the same for both
    if (!atomic_compare_exchange_strong(&image.mapped, &none, head))
        fp_sys_unmap(head, size);
    return true;
}

bool fp_log_is_on(void) {
    return atomic_load_explicit(&image.mapped, memory_order_acquire) &&
           !atomic_load_explicit(&image.in_vain, memory_order_relaxed);
}

size_t fp_log_memory(const void **ret_at) {
    *ret_at = atomic_load(&image.mapped);
    return *ret_at ? atomic_load(&image.size) : 0;
}

static struct mine *mine_now(void) {
    struct page *page = atomic_load_explicit(&image.page, memory_order_acquire);
    return page ? &page->mine : &image.before;
}

/* NULL, without memory for it: a child is told by fp_log_child only, as before 4.14. */
static struct page *page_made(void) {
    struct page *none = NULL;
    struct page *page = atomic_load(&image.page);
    if (page)
        return page;
    page = fp_sys_map(sizeof *page);
    if (!page)
        return NULL;
    atomic_store(&page->mine.first, atomic_load(&image.before.first));
    atomic_store(&page->mine.chunk, atomic_load(&image.before.chunk));
    atomic_store(&image.is_wiped, fp_sys_wipe_on_fork(page, sizeof *page)); // the same for all
    if (atomic_compare_exchange_strong(&image.page, &none, page))
        return page;
    fp_sys_unmap(page, sizeof *page);
    return none;
}

void fp_log_child(void) {
    struct page *page = atomic_load(&image.page);
    if (page && !atomic_load(&image.is_wiped)) {
        page->mine = (struct mine){.first = 0};
        for (size_t i = 0; i < sizeof page->room; i++)
            page->room[i] = 0;
    }
    if (!page && fp_log_is_on())
        image.before = (struct mine){.first = 0};
}

void *fp_log_room(void) {
    struct page *page = fp_log_is_on() ? page_made() : NULL;
    return page ? page->room : NULL;
}

/* --- chunks --- */

uint64_t fp_log_now(void) {
    struct timespec time = fp_sys_boot_time();
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* Members may have written anything there. */
static bool is_room(uint64_t at) {
    uint64_t size = atomic_load(&image.size);
    return at >= FP_AUDIT_HEAD && (at - FP_AUDIT_HEAD) % FP_AUDIT_CHUNK == 0 && at < size &&
           size - at >= FP_AUDIT_CHUNK;
}

/* Where a fresh chunk begins; 0: the record is full. */
static uint64_t take(struct fp_audit_head *head) {
    uint64_t at = atomic_load(&head->used);
    if (is_room(at))
        at = atomic_fetch_add(&head->used, FP_AUDIT_CHUNK);
    return is_room(at) ? at : 0;
}

/* If nobody has taken one since. */
static void give_back(struct fp_audit_head *head, uint64_t at) {
    uint64_t after = at + FP_AUDIT_CHUNK;
    (void)atomic_compare_exchange_strong(&head->used, &after, at);
}

/* The one that came first, where two threads begin at once. */
static unsigned first_of(struct mine *mine, unsigned number, unsigned *ret_from) {
    unsigned first = 0;
    *ret_from = 0;
    if (!atomic_compare_exchange_strong(&mine->first, &first, number))
        return first;
    *ret_from = atomic_exchange(&image.newest, number);
    return number;
}

static void head_chunk(struct fp_audit_chunk *chunk, struct mine *mine, uint64_t at) {
    unsigned from;
    unsigned number = (unsigned)((at - FP_AUDIT_HEAD) / FP_AUDIT_CHUNK) + 1;
    chunk->first = first_of(mine, number, &from);
    chunk->from = from;
    chunk->pid = fp_sys_getpid();
    chunk->parent = fp_sys_getppid();
    chunk->time = fp_log_now();
    atomic_store(&chunk->hint, sizeof *chunk);
    atomic_store(&chunk->magic, FP_AUDIT_CHUNK_MAGIC);
}

/* One in place of `old`, which is full, or of none. NULL: there is no room any more. */
static struct fp_audit_chunk *next_chunk(struct fp_audit_head *head, struct mine *mine,
                                         struct fp_audit_chunk *old) {
    struct fp_audit_chunk *now_there = atomic_load(&mine->chunk);
    if (now_there != old)
        return now_there; // another thread has been here
    uint64_t at = take(head);
    if (at == 0) {
        atomic_store(&image.in_vain, IS_FULL);
        return NULL;
    }
    struct fp_audit_chunk *chunk = (void *)((char *)head + at);
    fp_point(FP_POINT_LOG_TOOK);
    now_there = atomic_load(&mine->chunk);
    if (now_there != old) {
        give_back(head, at);
        return now_there;
    }
    head_chunk(chunk, mine, at);
    // Who is late leaves a chunk without events behind.
    return atomic_compare_exchange_strong(&mine->chunk, &now_there, chunk) ? chunk : now_there;
}

/* --- events --- */

/* The event, open, or NULL: it does not fit in here. What members have scribbled is no place. */
static struct fp_audit_event *reserve_in(struct fp_audit_chunk *chunk, unsigned size) {
    unsigned at = atomic_load(&chunk->hint);
    if (at < sizeof *chunk || at % 8 != 0)
        return NULL;
    while (at <= FP_AUDIT_CHUNK && FP_AUDIT_CHUNK - at >= size) {
        struct fp_audit_event *event = (void *)((char *)chunk + at);
        unsigned there = 0;
        if (atomic_compare_exchange_strong(&event->size, &there, size | FP_AUDIT_OPEN)) {
            atomic_store(&chunk->hint, at + size);
            return event;
        }
        there &= ~FP_AUDIT_OPEN;
        if (there < sizeof *event || there % 8 != 0 || there > FP_AUDIT_CHUNK - at)
            return NULL;
        at += there;
    }
    return NULL;
}

static struct fp_audit_event *reserve(struct fp_audit_head *head, unsigned size) {
    struct mine *mine = mine_now();
    struct fp_audit_chunk *chunk = atomic_load(&mine->chunk);
    struct fp_audit_event *event = chunk ? reserve_in(chunk, size) : NULL;
    while (!event) {
        chunk = next_chunk(head, mine, chunk);
        if (!chunk)
            return NULL;
        event = reserve_in(chunk, size);
    }
    return event;
}

void fp_log_prepare(void) {
    if (!fp_log_is_on())
        return;
    if (!atomic_load(&mine_now()->chunk))
        (void)next_chunk(atomic_load(&image.mapped), mine_now(), NULL);
    (void)page_made();
}

static unsigned rounded(size_t size) {
    return ((unsigned)size + 7) & ~7U;
}

void fp_log_stack_end(const void *end) {
    atomic_store(&image.stack_end, (uintptr_t)end);
}

/* How much of the stack can be read: up to its end where that is near; else the end of the page is
 * on it, and so may be the next page. */
static unsigned stack_there(const struct fp_here *here) {
    uint64_t sp = here->values[FP_REGISTER_SP];
    uint64_t end = atomic_load_explicit(&image.stack_end, memory_order_relaxed);
    unsigned on_page = 4096 - (unsigned)(sp % 4096);
    if (sp % sizeof(uintptr_t) != 0 || fp_is_on_valgrind())
        return 0;
    if (sp < end && end - sp <= FP_AUDIT_STACK)
        return (unsigned)(end - sp) & ~7U;
    uintptr_t next = (uintptr_t)sp + on_page;
    return fp_sys_is_readable((const void *)next) // NOLINT(performance-no-int-to-ptr)
               ? FP_AUDIT_STACK
               : on_page & ~7U;
}

/* Frames of callers are none of a sanitizer's business. */
__attribute__((no_sanitize("address"))) static void copy_stack(uint64_t *to, uint64_t sp,
                                                               unsigned size) {
    // NOLINTNEXTLINE(performance-no-int-to-ptr)
    const volatile uint64_t *from = (const volatile uint64_t *)(uintptr_t)sp;
    for (unsigned i = 0; i < size / 8; i++)
        to[i] = from[i];
}

static char *put_parts(char *to, const struct fp_log_event *event) {
    for (unsigned i = 0; i < FP_LOG_PARTS; i++) {
        fp_text_copy(to, event->parts[i].at, event->parts[i].size);
        to += event->parts[i].size;
    }
    return to;
}

static void fill(struct fp_audit_event *to, const struct fp_log_event *event, size_t body,
                 const struct fp_here *here, unsigned stack) {
    to->kind = (uint16_t)event->kind;
    to->machine = here ? FP_MACHINE : 0;
    to->pid = fp_sys_getpid();
    to->tid = fp_sys_gettid();
    to->time = event->time ? event->time : fp_log_now();
    to->body = (uint16_t)body;
    to->registers = here ? FP_REGISTERS : 0;
    to->stack = (uint16_t)stack;
    to->flags = (uint16_t)event->flags;
    (void)put_parts((char *)(to + 1), event);
    if (!here)
        return;
    uint64_t *words = (void *)((char *)(to + 1) + rounded(body));
    words[0] = here->known;
    for (unsigned i = 0; i < FP_REGISTERS; i++)
        words[1 + i] = here->values[i];
    copy_stack(words + 1 + FP_REGISTERS, here->values[FP_REGISTER_SP], stack);
}

static size_t body_size(const struct fp_log_event *event) {
    size_t size = 0;
    for (unsigned i = 0; i < FP_LOG_PARTS; i++)
        size += event->parts[i].size;
    return size;
}

static unsigned size_of(size_t body, const struct fp_here *here, unsigned stack) {
    unsigned words = here ? 1 + FP_REGISTERS : 0;
    return (unsigned)sizeof(struct fp_audit_event) + rounded(body) + 8 * words + stack;
}

void fp_log_mappings_due(void) {
    atomic_store(&image.is_mapping_due, true);
}

/* Who comes here meanwhile, in a handler or another thread, writes them as well. */
void fp_log_mappings_settle(void) {
    if (!atomic_load_explicit(&image.is_mapping_due, memory_order_relaxed))
        return;
    fp_log_mappings();
    atomic_store(&image.is_mapping_due, false);
}

/* NULL when it could not be written. */
static struct fp_audit_event *enter(struct fp_audit_head *head, const struct fp_log_event *event,
                                    const struct fp_here *here) {
    size_t body = body_size(event);
    if (body > FP_LOG_BODY || atomic_load_explicit(&image.in_vain, memory_order_relaxed))
        return NULL;
    if (FP_MACHINE == 0 || (here && !(here->known >> FP_REGISTER_SP & 1)))
        here = NULL;
    if (here)
        fp_log_mappings_settle();
    unsigned stack = here ? stack_there(here) : 0;
    if (event->stack && stack > event->stack)
        stack = event->stack;
    unsigned size = size_of(body, here, stack);
    struct fp_audit_event *to = reserve(head, size);
    if (!to)
        return NULL;
    fp_point(FP_POINT_LOG_RESERVED);
    fill(to, event, body, here, stack);
    fp_point(FP_POINT_LOG_WRITTEN);
    atomic_store_explicit(&to->size, size, memory_order_release);
    return to;
}

void *fp_log(const struct fp_log_event *event, const struct fp_here *here) {
    struct fp_audit_head *head = atomic_load_explicit(&image.mapped, memory_order_acquire);
    struct fp_audit_event *event_there = head ? enter(head, event, here) : NULL;
    if (head && !event_there)
        atomic_fetch_add(&head->full, 1);
    return event_there ? event_there + 1 : NULL;
}

static void log_text(struct fp_log_event event, const char *user_text, const struct fp_here *here) {
    char text[FP_LOG_TEXT + 1];
    long length = user_text ? fp_usertext_copy(text, user_text, sizeof text) : -EFAULT;
    event.flags = length < 0 || length == FP_LOG_TEXT ? FP_AUDIT_CUT : 0;
    event.parts[1] = (struct fp_log_part){text, length < 0 ? 0 : (size_t)length};
    fp_log(&event, here);
}

void fp_log_exec(const char *user_path, int result, const struct fp_here *here) {
    struct fp_audit_exec body = {.result = result};
    if (fp_log_is_on())
        log_text((struct fp_log_event){.kind = FP_AUDIT_EXEC, .parts = {{&body, sizeof body}}},
                 user_path, here);
    else
        fp_log_body(FP_AUDIT_EXEC, &body, NULL); // which counts it
}

void fp_log_opened(const struct fp_audit_descriptor *what, const char *user_path,
                   const struct fp_here *here) {
    if (fp_log_is_on())
        log_text((struct fp_log_event){.kind = FP_AUDIT_DESCRIPTOR,
                                       .stack = FP_LOG_SHORT_STACK,
                                       .parts = {{what, sizeof *what}}},
                 user_path, here);
    else
        fp_log_body(FP_AUDIT_DESCRIPTOR, what, NULL);
}
