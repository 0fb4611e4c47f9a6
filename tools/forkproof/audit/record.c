#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record_parts.h"

/* The head as it was at one moment. */
struct head {
    uint64_t magic;
    uint32_t version, chunk;
    uint64_t size, used, began, began_epoch, full;
};

_Static_assert(sizeof(struct head) == sizeof(struct fp_audit_head), "the same without atomics");

void fp_record_damage(struct fp_record *record, uint64_t offset, const char *format, ...) {
    struct fp_record_losses *losses = &record->losses;
    uint64_t number = losses->damaged++;
    if (number >= FP_RECORD_DAMAGES)
        return;
    va_list arguments;
    va_start(arguments, format);
    losses->damages[number].offset = offset;
    vsnprintf(losses->damages[number].why, FP_RECORD_WHY, format, arguments);
    va_end(arguments);
}

static int refuse(int error, char why[static FP_RECORD_WHY], const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int refuse(int error, char why[static FP_RECORD_WHY], const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, FP_RECORD_WHY, format, arguments);
    va_end(arguments);
    return error;
}

static int fail(int error, char why[static FP_RECORD_WHY]) {
    return refuse(error, why, "%s", strerror(-error));
}

/* --- the head --- */

static int check_magic(const struct head *head, char why[static FP_RECORD_WHY]) {
    if (head->magic == __builtin_bswap64(FP_AUDIT_MAGIC))
        return refuse(-EBADMSG, why, "offset 0: made on a machine of the other byte order");
    if (head->magic != FP_AUDIT_MAGIC)
        return refuse(-EBADMSG, why, "offset 0: not a record of forkproof audit");
    return 0;
}

static int check_head(const struct head *head, char why[static FP_RECORD_WHY]) {
    if (head->version != FP_AUDIT_VERSION)
        return refuse(-EPROTO, why, "offset %zu: version %" PRIu32 "; this forkproof reads %d",
                      offsetof(struct head, version), head->version, FP_AUDIT_VERSION);
    if (head->chunk != FP_AUDIT_CHUNK)
        return refuse(-EBADMSG, why, "offset %zu: chunks of %" PRIu32 " bytes and not of %d",
                      offsetof(struct head, chunk), head->chunk, FP_AUDIT_CHUNK);
    if (head->size < FP_AUDIT_HEAD || head->size > FP_AUDIT_SIZE_MAX)
        return refuse(-EBADMSG, why, "offset %zu: a size of %" PRIu64 " bytes",
                      offsetof(struct head, size), head->size);
    return 0;
}

static int read_head(int fd, struct head *ret, uint64_t *ret_file_size,
                     char why[static FP_RECORD_WHY]) {
    struct stat status;
    if (fstat(fd, &status) < 0)
        return fail(-errno, why);
    if (!S_ISREG(status.st_mode))
        return refuse(-EBADMSG, why, "not a regular file");
    if ((uint64_t)status.st_size > FP_AUDIT_SIZE_MAX)
        return refuse(-EBADMSG, why, "larger than any record");
    ssize_t got = fp_record_pread(fd, ret, sizeof *ret, 0);
    if (got < 0)
        return fail((int)got, why);
    if (got == 0)
        return refuse(-EBADMSG, why, "offset 0: empty");
    int r = (size_t)got >= sizeof ret->magic ? check_magic(ret, why) : 0;
    if (r == 0 && (size_t)got == sizeof *ret)
        r = check_head(ret, why);
    *ret_file_size = (uint64_t)status.st_size;
    if (r == 0 && *ret_file_size < FP_AUDIT_HEAD)
        return refuse(-EBADMSG, why, "offset %" PRIu64 ": the file ends within the head",
                      *ret_file_size);
    return r;
}

/* --- the extent --- */

/* Whether there may be bytes from there on. */
static bool has_data_from(int fd, uint64_t offset) {
    off_t before = lseek(fd, 0, SEEK_CUR);
    bool has = lseek(fd, (off_t)offset, SEEK_DATA) >= 0 || errno != ENXIO;
    (void)lseek(fd, before, SEEK_SET);
    return has;
}

static uint64_t whole_chunks(uint64_t end) {
    return (end - FP_AUDIT_HEAD) / FP_AUDIT_CHUNK;
}

/* What the head says is in use, as far as it can be. */
static uint64_t claimed(struct fp_record *record, const struct head *head, uint64_t file_size) {
    uint64_t end = head->used < head->size ? head->used : head->size;
    if (head->used < FP_AUDIT_HEAD || (head->used - FP_AUDIT_HEAD) % FP_AUDIT_CHUNK != 0) {
        fp_record_damage(record, offsetof(struct head, used),
                         "%" PRIu64 " bytes in use, which is no number of chunks", head->used);
        return file_size < head->size ? file_size : head->size;
    }
    end = FP_AUDIT_HEAD + whole_chunks(end) * FP_AUDIT_CHUNK;
    if (end > file_size)
        fp_record_damage(record, file_size, "the file ends here, before %" PRIu64, end);
    return end;
}

static uint64_t count_chunks(struct fp_record *record, int fd, const struct head *head,
                             uint64_t file_size) {
    uint64_t end = record->claimed = claimed(record, head, file_size);
    if (end < file_size && has_data_from(fd, end))
        end = file_size;
    if (end > file_size)
        end = file_size;
    return (end - FP_AUDIT_HEAD + FP_AUDIT_CHUNK - 1) / FP_AUDIT_CHUNK; // the last may be cut off
}

static int read_chunks(struct fp_record *record, int fd) {
    record->scratch = malloc(2 * (size_t)FP_AUDIT_CHUNK);
    record->chunks = calloc(record->chunk_count + 1, sizeof *record->chunks);
    int r = record->scratch && record->chunks ? 0 : -ENOMEM;
    for (uint32_t i = 0; r == 0 && i < record->chunk_count; i++)
        r = fp_record_read_chunk(record, fd, i);
    free(record->scratch);
    record->scratch = NULL;
    return r;
}

int fp_record_read(int fd, struct fp_record **ret, char ret_why[static FP_RECORD_WHY]) {
    struct head head = {0};
    uint64_t file_size = 0;
    int r = read_head(fd, &head, &file_size, ret_why);
    if (r < 0)
        return r;
    struct fp_record *record = calloc(1, sizeof *record);
    if (!record)
        return fail(-ENOMEM, ret_why);
    record->began = head.began;
    record->began_epoch = head.began_epoch;
    record->losses.full = head.full;
    record->chunk_count = count_chunks(record, fd, &head, file_size);
    r = read_chunks(record, fd);
    if (r == 0)
        r = fp_record_arrange(record);
    if (r < 0) {
        fp_record_close(record);
        return fail(r, ret_why);
    }
    *ret = record;
    return 0;
}

int fp_record_open(const char *path, struct fp_record **ret, char ret_why[static FP_RECORD_WHY]) {
    // A fifo in its place would keep us waiting for ever.
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return fail(-errno, ret_why);
    int r = fp_record_read(fd, ret, ret_why);
    close(fd);
    return r;
}

void fp_record_close(struct fp_record *record) {
    if (!record)
        return;
    for (size_t i = 0; record->chunks && i < record->chunk_count; i++)
        free(record->chunks[i].bytes);
    free(record->chunks);
    free(record->entries);
    free(record->processes);
    free(record->mapped);
    free(record);
}

/* --- what is in it --- */

uint64_t fp_record_began(const struct fp_record *record) {
    return record->began;
}

uint64_t fp_record_began_epoch(const struct fp_record *record) {
    return record->began_epoch;
}

const struct fp_record_losses *fp_record_losses(const struct fp_record *record) {
    return &record->losses;
}

size_t fp_record_event_count(const struct fp_record *record) {
    return record->entry_count;
}

struct fp_record_event fp_record_event(const struct fp_record *record, size_t number) {
    const struct fp_record_entry *entry = &record->entries[number];
    struct fp_record_event event = fp_record_parts(entry->at);
    event.offset = entry->offset;
    event.process = entry->process;
    return event;
}

size_t fp_record_process_count(const struct fp_record *record) {
    return record->process_count;
}

const struct fp_record_process *fp_record_process(const struct fp_record *record, size_t number) {
    return &record->processes[number];
}
