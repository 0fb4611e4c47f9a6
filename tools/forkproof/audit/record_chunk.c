/* One chunk: which events of it are whole, and are what they say. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "record_parts.h"

/* A chunk as it was at two moments, and how much of it is there. */
struct copies {
    uint64_t offset;
    char *before, *after;
    size_t size;
};

ssize_t fp_record_pread(int fd, void *to, size_t size, uint64_t offset) {
    size_t done = 0;
    while (done < size) {
        ssize_t got = pread(fd, (char *)to + done, size - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

static uint32_t word_at(const char *at) {
    uint32_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

static size_t first_byte(const char *at, size_t from, size_t end) {
    static const char zeros[256];
    while (end - from >= sizeof zeros && memcmp(at + from, zeros, sizeof zeros) == 0)
        from += sizeof zeros;
    while (from < end && !at[from])
        from++;
    return from;
}

static void claim_empty(struct fp_record *record, const struct copies *copies, size_t from,
                        const char *what) {
    size_t at = first_byte(copies->before, from, copies->size);
    if (at < copies->size)
        fp_record_damage(record, copies->offset + at, "bytes %s: the rest of the chunk is left out",
                         what);
}

/* How far the events reach that can be told apart. */
static size_t walk(struct fp_record *record, const struct copies *copies) {
    size_t at = sizeof(struct fp_audit_chunk);
    while (copies->size - at >= sizeof(uint32_t)) {
        uint32_t size = word_at(copies->before + at) & ~FP_AUDIT_OPEN;
        if (word_at(copies->before + at) == 0) {
            claim_empty(record, copies, at, "behind the last event");
            return at;
        }
        if (size < sizeof(struct fp_audit_event) || size % 8 != 0 || size > FP_AUDIT_CHUNK - at) {
            fp_record_damage(record, copies->offset + at,
                             "an event of %" PRIu32 " bytes: the rest of the chunk is left out",
                             size);
            return at;
        }
        if (size > copies->size - at)
            return at; // that the file ends has been said
        at += size;
    }
    return at;
}

static int add_entry(struct fp_record *record, struct fp_record_entry entry) {
    if (record->entry_count == record->entry_room) {
        size_t room = record->entry_room ? 2 * record->entry_room : 256;
        void *grown = reallocarray(record->entries, room, sizeof *record->entries);
        if (!grown)
            return -ENOMEM;
        record->entries = grown;
        record->entry_room = room;
    }
    record->entries[record->entry_count++] = entry;
    return 0;
}

/* The events of the later copy that were whole in the earlier one. */
static int add_events(struct fp_record *record, const struct copies *copies, uint32_t number,
                      const char *kept, size_t end) {
    for (size_t at = sizeof(struct fp_audit_chunk); at < end;) {
        uint32_t word = word_at(copies->before + at);
        uint32_t size = word & ~FP_AUDIT_OPEN;
        const struct fp_audit_event *event = (const void *)(kept + at);
        const char *why = word & FP_AUDIT_OPEN ? NULL : fp_record_check(event, size);
        if (word & FP_AUDIT_OPEN)
            record->losses.torn++;
        else if (why)
            fp_record_damage(record, copies->offset + at, "%s", why);
        else if (add_entry(record, (struct fp_record_entry){.time = event->time,
                                                            .offset = copies->offset + at,
                                                            .at = event,
                                                            .chunk = number}) < 0)
            return -ENOMEM;
        at += size;
    }
    return 0;
}

static int keep_events(struct fp_record *record, int fd, const struct copies *copies,
                       uint32_t number) {
    size_t end = walk(record, copies);
    if (end == sizeof(struct fp_audit_chunk))
        return 0;
    ssize_t got = fp_record_pread(fd, copies->after, end, copies->offset);
    if (got < 0)
        return (int)got;
    if ((size_t)got < end) {
        fp_record_damage(record, copies->offset + (uint64_t)got,
                         "the file was cut off here while it was read");
        return 0;
    }
    char *kept = record->chunks[number].bytes = malloc(end);
    if (!kept)
        return -ENOMEM;
    memcpy(kept, copies->after, end);
    return add_events(record, copies, number, kept, end);
}

static const char *check_head(const struct fp_record *record, const struct fp_audit_chunk *head,
                              uint32_t number) {
    if (head->pid <= 0 || head->parent < 0 || head->time == 0)
        return "a chunk without a process or a time";
    if (head->first == 0 || head->first > record->chunk_count)
        return "a chunk that continues one that is not there";
    if (head->first == number + 1 ? head->from >= head->first : head->from != 0)
        return "a chunk of a process that was not forked before it";
    return NULL;
}

/* A chunk of which the head is not to be believed has its events all the same. */
static void take_head(struct fp_record *record, const struct copies *copies, uint32_t number) {
    struct fp_audit_chunk head;
    memcpy(&head, copies->before, sizeof head);
    const char *why = check_head(record, &head, number);
    struct fp_record_chunk *to = &record->chunks[number];
    *to = (struct fp_record_chunk){
        .first = head.first, .from = head.from, .pid = head.pid, .parent = head.parent};
    if (!why)
        return;
    fp_record_damage(record, copies->offset, "%s", why);
    *to = (struct fp_record_chunk){.first = number + 1};
}

/* Behind all that is said to be in use; which may have grown since that was read. */
static void claim_in_use(struct fp_record *record, int fd, const struct copies *copies) {
    uint64_t used;
    if (copies->offset < record->claimed)
        return;
    if (fp_record_pread(fd, &used, sizeof used, offsetof(struct fp_audit_head, used)) ==
            (ssize_t)sizeof used &&
        used > copies->offset) {
        record->claimed = used;
        return;
    }
    fp_record_damage(record, copies->offset, "a chunk behind all that is said to be in use");
}

int fp_record_read_chunk(struct fp_record *record, int fd, uint32_t number) {
    struct copies copies = {.offset = FP_AUDIT_HEAD + (uint64_t)number * FP_AUDIT_CHUNK,
                            .before = record->scratch,
                            .after = record->scratch + FP_AUDIT_CHUNK};
    ssize_t got = fp_record_pread(fd, copies.before, FP_AUDIT_CHUNK, copies.offset);
    if (got < 0)
        return (int)got;
    copies.size = (size_t)got;
    if (copies.size < sizeof(struct fp_audit_chunk))
        return 0; // that the file ends has been said
    uint32_t magic = word_at(copies.before);
    if (magic == 0) {
        claim_empty(record, &copies, sizeof(struct fp_audit_chunk), "in a chunk without a head");
        return 0;
    }
    claim_in_use(record, fd, &copies);
    if (magic != FP_AUDIT_CHUNK_MAGIC) {
        fp_record_damage(record, copies.offset, "no chunk: it is left out");
        return 0;
    }
    take_head(record, &copies, number);
    return keep_events(record, fd, &copies, number);
}
