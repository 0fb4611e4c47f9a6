#include "table.h"

#include "sys.h"

static _Atomic(struct fp_table *) the_table;

struct fp_table *fp_table(void) {
    return atomic_load_explicit(&the_table, memory_order_acquire);
}

static size_t whole_pages(size_t size) {
    return (size + 4095) & ~(size_t)4095;
}

/* Zeroed memory that a forked child finds zeroed again. */
static void *map_wiped(size_t size, bool *ret_wiped) {
    void *at = fp_sys_map(whole_pages(size));
    if (at)
        *ret_wiped = fp_sys_wipe_on_fork(at, whole_pages(size));
    return at;
}

struct fp_table *fp_table_make(void) {
    struct fp_table *table = fp_table();
    if (table)
        return table;
    table = fp_sys_map(whole_pages(sizeof *table));
    if (!table)
        return NULL;
    table->counts = map_wiped(sizeof *table->counts, &table->wiped);
    atomic_store(&table->lowest, FP_CHUNKS);
    struct fp_table *other = NULL;
    if (table->counts && atomic_compare_exchange_strong(&the_table, &other, table))
        return table;
    if (table->counts)
        fp_sys_unmap(table->counts, whole_pages(sizeof *table->counts));
    fp_sys_unmap(table, whole_pages(sizeof *table));
    return other; // another thread was first, or NULL
}

static bool in_range(pid_t pid) {
    return pid > 0 && pid < FP_PID_MAX;
}
static unsigned chunk_of(pid_t pid) {
    return (unsigned)pid / FP_CHUNK_PIDS;
}
static unsigned slot_of(pid_t pid) {
    return (unsigned)pid % FP_CHUNK_PIDS;
}

static struct fp_chunk *chunk_at(const struct fp_table *table, unsigned index) {
    return atomic_load_explicit(&table->chunks[index], memory_order_acquire);
}

static void widen(struct fp_table *table, unsigned index) {
    unsigned lowest = atomic_load(&table->lowest);
    while (index < lowest && !atomic_compare_exchange_weak(&table->lowest, &lowest, index))
        ;
    unsigned end = atomic_load(&table->end);
    while (index >= end && !atomic_compare_exchange_weak(&table->end, &end, index + 1))
        ;
}

_Atomic(fp_word) *fp_table_word(pid_t pid) {
    const struct fp_table *table = fp_table();
    if (!table || !in_range(pid))
        return NULL;
    struct fp_chunk *chunk = chunk_at(table, chunk_of(pid));
    return chunk ? &chunk->words[slot_of(pid)] : NULL;
}

_Atomic(fp_word) *fp_table_word_make(pid_t pid) {
    struct fp_table *table = fp_table_make();
    if (!table || !in_range(pid))
        return NULL;
    struct fp_chunk *chunk = chunk_at(table, chunk_of(pid));
    if (!chunk) {
        bool wiped;
        struct fp_chunk *fresh = map_wiped(sizeof *chunk, &wiped);
        if (!fresh)
            return NULL;
        if (atomic_compare_exchange_strong(&table->chunks[chunk_of(pid)], &chunk, fresh))
            chunk = fresh;
        else
            fp_sys_unmap(fresh, whole_pages(sizeof *fresh));
        widen(table, chunk_of(pid));
    }
    return &chunk->words[slot_of(pid)];
}

struct fp_remains *fp_table_remains(pid_t pid) {
    struct fp_table *table = fp_table();
    if (!table || !in_range(pid))
        return NULL;
    struct fp_remains *all = atomic_load(&table->remains[chunk_of(pid)]);
    if (!all) {
        bool wiped;
        size_t size = FP_CHUNK_PIDS * sizeof *all;
        struct fp_remains *fresh = map_wiped(size, &wiped);
        if (!fresh)
            return NULL;
        if (atomic_compare_exchange_strong(&table->remains[chunk_of(pid)], &all, fresh))
            all = fresh;
        else
            fp_sys_unmap(fresh, whole_pages(size));
    }
    return &all[slot_of(pid)];
}

void fp_table_forget(void) {
    struct fp_table *table = fp_table();
    if (!table || table->wiped)
        return;
    for (unsigned i = atomic_load(&table->lowest); i < atomic_load(&table->end); i++) {
        volatile uint64_t *chunk = (volatile uint64_t *)chunk_at(table, i);
        for (size_t k = 0; chunk && k < sizeof(struct fp_chunk) / sizeof *chunk; k++)
            chunk[k] = 0;
    }
    volatile unsigned *counts = (volatile unsigned *)table->counts;
    for (size_t k = 0; k < sizeof *table->counts / sizeof *counts; k++)
        counts[k] = 0;
}

static _Atomic(uint64_t) *bits_of(struct fp_chunk *chunk, enum fp_set set) {
    return set == FP_SET_CHILDREN ? chunk->children : chunk->stashed;
}

void fp_set_add(enum fp_set set, pid_t pid) {
    struct fp_chunk *chunk = chunk_at(fp_table(), chunk_of(pid));
    atomic_fetch_or(&bits_of(chunk, set)[slot_of(pid) / 64], (uint64_t)1 << slot_of(pid) % 64);
}

void fp_set_remove(enum fp_set set, pid_t pid) {
    struct fp_chunk *chunk = chunk_at(fp_table(), chunk_of(pid));
    atomic_fetch_and(&bits_of(chunk, set)[slot_of(pid) / 64], ~((uint64_t)1 << slot_of(pid) % 64));
}

pid_t fp_set_next(enum fp_set set, pid_t from) {
    struct fp_table *table = fp_table();
    if (!table)
        return 0;
    unsigned slot = slot_of(from);
    unsigned index = chunk_of(from);
    if (index < atomic_load(&table->lowest)) {
        index = atomic_load(&table->lowest);
        slot = 0;
    }
    for (; index < atomic_load(&table->end); index++, slot = 0) {
        struct fp_chunk *chunk = chunk_at(table, index);
        if (!chunk)
            continue;
        for (; slot < FP_CHUNK_PIDS; slot = (slot / 64 + 1) * 64) {
            uint64_t bits = atomic_load(&bits_of(chunk, set)[slot / 64]) >> slot % 64;
            if (bits)
                return (pid_t)(index * FP_CHUNK_PIDS + slot + (unsigned)__builtin_ctzll(bits));
        }
    }
    return 0;
}
