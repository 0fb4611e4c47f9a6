/* What the files of the reader share. Nobody else includes it. */
#ifndef FP_RECORD_PARTS_H
#define FP_RECORD_PARTS_H

#include "record.h"

/* A chunk in memory: what was in use of it. */
struct fp_record_chunk {
    uint32_t first, from; /* as written; `first` 0: not in use, or not to be believed */
    pid_t pid, parent;
    char *bytes; /* NULL: no events */
};

/* A whole event that has been checked. */
struct fp_record_entry {
    uint64_t time, offset;
    const struct fp_audit_event *at;
    uint32_t chunk; /* number */
    uint32_t process;
};

struct fp_record {
    uint64_t began, began_epoch;
    struct fp_record_losses losses;
    uint64_t claimed; /* bytes that are said to be in use */
    char *scratch;    /* two chunks; while the file is read */
    struct fp_record_chunk *chunks;
    size_t chunk_count;
    struct fp_record_entry *entries;
    size_t entry_count, entry_room;
    struct fp_record_process *processes;
    size_t process_count;
    struct fp_record_mapped { /* by image, then time */
        uint32_t image;       /* `first` */
        size_t event;
    } * mapped;
    size_t mapped_count;
};

/* Notes a place that is not as it should be. */
void fp_record_damage(struct fp_record *record, uint64_t offset, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What is wrong with a whole event that has `size` bytes, or NULL. */
const char *fp_record_check(const struct fp_audit_event *event, uint32_t size);

/* Where the parts of a checked event are. */
struct fp_record_event fp_record_parts(const struct fp_audit_event *event);

/* As many bytes as are there. -errno. */
ssize_t fp_record_pread(int fd, void *to, size_t size, uint64_t offset);

/* Copies and checks one chunk. -ENOMEM, or -errno of the file. */
int fp_record_read_chunk(struct fp_record *record, int fd, uint32_t number);

/* Orders the events and tells the processes apart. -ENOMEM. */
int fp_record_arrange(struct fp_record *record);

#endif
