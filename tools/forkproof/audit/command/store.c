#include "audit/command/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "audit/command/store_size.h"
#include "say.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U /* Linux 6.3 */
#endif

enum { OWN_CHUNKS = 8, PIECE = 2048, LONGEST = 3584 };

#define MUCH_RESERVED (UINT64_C(64) << 20)

/* --- making --- */

static int make_memory(void) {
    int fd = memfd_create("forkproof-audit", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
    if (fd < 0 && errno == EINVAL)
        fd = memfd_create("forkproof-audit", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return fd < 0 ? -errno : fd;
}

/* Sealed, so that no store of a member ever falls behind its end. */
static int size_and_seal(int fd, uint64_t size) {
    if (ftruncate(fd, (off_t)size) < 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
        return -errno;
    return 0;
}

static uint64_t whole_chunks(uint64_t size) {
    return FP_AUDIT_HEAD + (size - FP_AUDIT_HEAD) / FP_AUDIT_CHUNK * FP_AUDIT_CHUNK;
}

/* Where memory has to be promised it is as much as there is, at the most a little. */
static int reserve(int fd, uint64_t *size) {
    if (*size > MUCH_RESERVED)
        *size = MUCH_RESERVED;
    while (fallocate(fd, 0, 0, (off_t)whole_chunks(*size)) < 0) {
        if (errno != ENOMEM && errno != ENOSPC)
            return -errno;
        *size /= 2;
        if (*size < FP_STORE_LEAST)
            return -ENOMEM;
    }
    return 0;
}

static int fill_in(struct fp_store *store, uint64_t size) {
    size = fp_store_size(size);
    store->fd = make_memory();
    int r = store->fd < 0 ? store->fd : 0;
    if (r == 0 && fp_store_must_reserve())
        r = reserve(store->fd, &size);
    store->size = whole_chunks(size);
    return r < 0 ? r : size_and_seal(store->fd, store->size);
}

int fp_store_open(struct fp_store *store, uint64_t size) {
    *store = (struct fp_store){.fd = -1};
    int r = fill_in(store, size);
    if (r == 0)
        return 0;
    fp_say("cannot make the record: %s", strerror(-r));
    if (store->fd >= 0)
        close(store->fd);
    store->fd = -1;
    return r;
}

static uint64_t read_clock(clockid_t clock) {
    struct timespec time = {0};
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

uint64_t fp_store_now(void) {
    return read_clock(CLOCK_BOOTTIME);
}

static int put(int fd, const void *from, size_t size, uint64_t at) {
    const char *bytes = from;
    for (size_t done = 0; done < size;) {
        ssize_t n = pwrite(fd, bytes + done, size - done, (off_t)(at + done));
        if (n < 0 && errno != EINTR)
            return -errno;
        done += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

int fp_store_begin(struct fp_store *store) {
    struct fp_audit_head head = {.magic = FP_AUDIT_MAGIC,
                                 .version = FP_AUDIT_VERSION,
                                 .chunk = FP_AUDIT_CHUNK,
                                 .size = store->size,
                                 .used = FP_AUDIT_HEAD + OWN_CHUNKS * (uint64_t)FP_AUDIT_CHUNK,
                                 .began = fp_store_now(),
                                 .began_epoch = read_clock(CLOCK_REALTIME)};
    return put(store->fd, &head, sizeof head, 0);
}

/* --- the command's own events --- */

static uint64_t chunk_at(uint32_t number) {
    return FP_AUDIT_HEAD + (uint64_t)number * FP_AUDIT_CHUNK;
}

/* Another process of ours may have begun some, before it was killed. */
static bool is_begun(const struct fp_store *store, uint32_t number) {
    uint32_t magic;
    return pread(store->fd, &magic, sizeof magic, (off_t)chunk_at(number)) != sizeof magic || magic;
}

static int begin_chunk(struct fp_store *store) {
    struct fp_audit_chunk chunk = {.magic = FP_AUDIT_CHUNK_MAGIC,
                                   .first = 1,
                                   .pid = FP_STORE_PID,
                                   .hint = sizeof chunk,
                                   .time = fp_store_now()};
    store->at = sizeof chunk;
    return put(store->fd, &chunk, sizeof chunk, chunk_at(store->chunk));
}

/* So that an event of this size fits where the next one goes. */
static int make_room(struct fp_store *store, size_t size) {
    if (store->at && FP_AUDIT_CHUNK - store->at >= size)
        return 0;
    uint32_t next = store->at ? store->chunk + 1 : 0;
    while (next < OWN_CHUNKS && is_begun(store, next))
        next++;
    if (next >= OWN_CHUNKS)
        return -ENOSPC;
    store->chunk = next;
    return begin_chunk(store);
}

int fp_store_add(struct fp_store *store, enum fp_audit_kind kind, uint64_t time, const void *body,
                 size_t size, const char *text, size_t length) {
    _Alignas(8) char bytes[LONGEST] = {0};
    struct fp_audit_event event = {
        .kind = (uint16_t)kind, .pid = FP_STORE_PID, .tid = FP_STORE_PID, .time = time};
    size_t room = sizeof bytes - sizeof event - size;
    if (length > room) {
        event.flags = FP_AUDIT_CUT;
        length = room;
    }
    event.body = (uint16_t)(size + length);
    size_t whole = (sizeof event + size + length + 7) & ~(size_t)7;
    event.size = (uint32_t)whole;
    memcpy(bytes, &event, sizeof event);
    memcpy(bytes + sizeof event, body, size);
    if (length)
        memcpy(bytes + sizeof event + size, text, length);
    int r = make_room(store, whole);
    if (r == 0)
        r = put(store->fd, bytes, whole, chunk_at(store->chunk) + store->at);
    if (r == 0)
        store->at += (uint32_t)whole;
    return r;
}

/* --- saving --- */

static uint64_t smaller(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static bool is_zero(const char *at, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (at[i])
            return false;
    return true;
}

static int save_part(const struct fp_store *store, int to, uint64_t from, uint64_t end) {
    char piece[PIECE];
    for (; from < end; from += PIECE) {
        ssize_t n = pread(store->fd, piece, sizeof piece, (off_t)from);
        if (n < 0)
            return -errno;
        int r = is_zero(piece, (size_t)n) ? 0 : put(to, piece, (size_t)n, from);
        if (r < 0)
            return r;
    }
    return 0;
}

int fp_store_save(const struct fp_store *store, int to) {
    struct fp_audit_head head;
    if (pread(store->fd, &head, sizeof head, 0) != (ssize_t)sizeof head)
        return -EIO;
    uint64_t end = head.used < store->size ? head.used : store->size;
    int r = ftruncate(to, (off_t)end) < 0 ? -errno : 0;
    for (uint64_t at = 0; r == 0 && at < end;) {
        off_t data = lseek(store->fd, (off_t)at, SEEK_DATA);
        if (data < 0 && errno == ENXIO)
            break;
        off_t hole = data < 0 ? data : lseek(store->fd, data, SEEK_HOLE);
        if (data < 0 || hole < 0)
            return -errno;
        r = save_part(store, to, (uint64_t)data, smaller((uint64_t)hole, end));
        at = (uint64_t)hole;
    }
    return r;
}
