/* The reader over records that are cut off, flipped, scribbled over, or none. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "record_support.h"

TestSuite(record_hostile, .timeout = 110);

/* A sample that anyone may change, and where its events are. */
static struct {
    int fd;
    size_t size;
    char *bytes;
    size_t event_count;
    struct {
        size_t offset, end;
        enum fp_audit_kind kind;
    } events[64];
} sample;

static void find_events(void) {
    uint64_t seen = 0;
    struct fp_record *record = read_record(sample.fd);
    sample.event_count = fp_record_event_count(record);
    for (size_t i = 0; i < sample.event_count; i++) {
        uint32_t size;
        size_t offset = sample.events[i].offset = fp_record_event(record, i).offset;
        memcpy(&size, sample.bytes + offset, sizeof size);
        sample.events[i].end = offset + size;
        sample.events[i].kind = fp_record_event(record, i).kind;
        seen |= UINT64_C(1) << sample.events[i].kind;
    }
    cr_assert_eq(seen | 1U << FP_AUDIT_MAPPING, (UINT64_C(1) << FP_AUDIT_KINDS) - 2);
    cr_assert_eq(fp_record_losses(record)->torn, 1);
    fp_record_close(record);
}

static void make_sample(void) {
    int from = make_record(2, 0);
    sample.size = write_sample(from);
    sample.bytes = malloc(sample.size);
    cr_assert_eq(pread(from, sample.bytes, sample.size, 0), (ssize_t)sample.size);
    close(from);
    sample.fd = memfd_create("sample", MFD_CLOEXEC);
    cr_assert_eq(write(sample.fd, sample.bytes, sample.size), (ssize_t)sample.size);
    find_events();
}

/* NULL: refused, with a reason. */
static struct fp_record *read_sample(void) {
    struct fp_record *record = NULL;
    char why[FP_RECORD_WHY] = "";
    int r = fp_record_read(sample.fd, &record, why);
    cr_assert((r == 0) == (record != NULL) && (r == 0 || why[0]));
    if (record)
        look_at_all(record);
    return record;
}

/* --- cut off --- */

static size_t events_before(size_t length) {
    size_t count = 0;
    for (size_t i = 0; i < sample.event_count; i++)
        count += sample.events[i].end <= length;
    return count;
}

Test(record_hostile, cut_off_anywhere_it_gives_what_is_there) {
    make_sample();
    for (size_t length = sample.size - 1; length < sample.size; length--) {
        cr_assert_eq(ftruncate(sample.fd, (off_t)length), 0);
        struct fp_record *record = read_sample();
        cr_assert_eq(record != NULL, length >= FP_AUDIT_HEAD);
        if (!record)
            continue;
        const struct fp_record_losses *losses = fp_record_losses(record);
        cr_assert_eq(fp_record_event_count(record), events_before(length), "at %zu", length);
        cr_assert(losses->damaged == 1 && losses->damages[0].offset == length);
        fp_record_close(record);
    }
}

/* --- flipped --- */

/* What says how the rest is to be read: a change of it cannot go unseen. */
static bool is_structure(size_t offset) {
    if (offset < FP_AUDIT_HEAD)
        return offset < 16 || (offset >= offsetof(struct fp_audit_head, used) && offset < 32);
    size_t in_chunk = (offset - FP_AUDIT_HEAD) % FP_AUDIT_CHUNK;
    if (in_chunk < sizeof(struct fp_audit_chunk))
        return in_chunk < offsetof(struct fp_audit_chunk, from);
    for (size_t i = 0; i < sample.event_count; i++) {
        size_t at = offset - sample.events[i].offset;
        if (offset >= sample.events[i].offset && offset < sample.events[i].end)
            return at < offsetof(struct fp_audit_event, pid) ||
                   (at >= offsetof(struct fp_audit_event, body) &&
                    at < offsetof(struct fp_audit_event, flags));
    }
    return false;
}

/* More in use than there is room for: so it is when the record was full. */
static bool says_full(const struct fp_record *record, size_t offset) {
    uint64_t used;
    size_t at = offset - offsetof(struct fp_audit_head, used);
    cr_assert_eq(pread(sample.fd, &used, 8, offsetof(struct fp_audit_head, used)), 8);
    return at < 8 && used > sample.size && (used - FP_AUDIT_HEAD) % FP_AUDIT_CHUNK == 0 &&
           fp_record_event_count(record) == sample.event_count;
}

/* Another kind whose body can be the same: that is no damage, it is another record. */
static bool says_another_kind(const struct fp_record *record) {
    if (fp_record_event_count(record) != sample.event_count)
        return false;
    for (size_t i = 0; i < sample.event_count; i++)
        if (fp_record_event(record, i).kind != sample.events[i].kind)
            return true;
    return false;
}

static bool goes_unseen(const struct fp_record *record) {
    const struct fp_record_losses *losses = fp_record_losses(record);
    return losses->damaged == 0 && losses->torn == 1 &&
           fp_record_event_count(record) == sample.event_count;
}

static void flip(size_t offset, char bits) {
    char byte = (char)(sample.bytes[offset] ^ bits);
    cr_assert_eq(pwrite(sample.fd, &byte, 1, (off_t)offset), 1);
    struct fp_record *record = read_sample();
    if (record && is_structure(offset) && !says_full(record, offset) && !says_another_kind(record))
        cr_assert(!goes_unseen(record), "byte %zu, %#x", offset, (unsigned char)bits);
    fp_record_close(record);
    cr_assert_eq(pwrite(sample.fd, &sample.bytes[offset], 1, (off_t)offset), 1);
}

Test(record_hostile, a_flipped_byte_is_told_where_it_tells_how_to_read) {
    make_sample();
    size_t structure = 0;
    for (size_t offset = 0; offset < sample.size; offset++) {
        structure += is_structure(offset);
        flip(offset, (char)0xff);
    }
    cr_assert_gt(structure, 14 * sample.event_count);
}

Test(record_hostile, a_flipped_bit_is_told_where_it_tells_how_to_read) {
    make_sample();
    for (size_t offset = 0; offset < sample.size; offset++)
        for (int bit = 0; bit < 8 && is_structure(offset); bit++)
            flip(offset, (char)(1 << bit));
}

/* Where no event is, nothing may be. */
Test(record_hostile, bytes_behind_the_last_event_are_told) {
    make_sample();
    size_t ends[] = {FP_AUDIT_HEAD + FP_AUDIT_CHUNK - 1, FP_AUDIT_HEAD + 2 * FP_AUDIT_CHUNK - 1};
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(pwrite(sample.fd, "x", 1, (off_t)ends[i]), 1);
        struct fp_record *record = read_sample();
        cr_assert_eq(fp_record_losses(record)->damaged, (uint64_t)i + 1);
        cr_assert_eq(fp_record_losses(record)->damages[i].offset, ends[i]);
        cr_assert_eq(fp_record_event_count(record), sample.event_count);
        fp_record_close(record);
    }
}

Test(record_hostile, a_chunk_that_is_not_said_to_be_in_use_is_read_and_told) {
    make_sample();
    uint64_t used = FP_AUDIT_HEAD + FP_AUDIT_CHUNK;
    cr_assert_eq(pwrite(sample.fd, &used, 8, offsetof(struct fp_audit_head, used)), 8);
    struct fp_record *record = read_sample();
    cr_assert_eq(fp_record_event_count(record), sample.event_count);
    cr_assert_eq(fp_record_losses(record)->damaged, 1);
    cr_assert_eq(fp_record_losses(record)->damages[0].offset, used);
    fp_record_close(record);
}

static const struct fp_audit_event *event_of(size_t i) {
    return (const void *)(sample.bytes + sample.events[i].offset);
}

/* One change of an event, by which that event is lost and nothing else. */
static void claim_one_less(size_t i, size_t at, const void *bytes, size_t size) {
    off_t offset = (off_t)(sample.events[i].offset + sizeof(struct fp_audit_event) + at);
    cr_assert_eq(pwrite(sample.fd, bytes, size, offset), (ssize_t)size);
    struct fp_record *record = read_sample();
    cr_assert_eq(fp_record_event_count(record), sample.event_count - 1);
    cr_assert(fp_record_losses(record)->damaged == 1 &&
              fp_record_losses(record)->damages[0].offset == sample.events[i].offset);
    fp_record_close(record);
}

Test(record_hostile, a_stack_without_a_stack_pointer_is_told) {
    uint64_t known = 1;
    make_sample();
    for (size_t i = 0; i < sample.event_count; i++)
        if (event_of(i)->machine) {
            claim_one_less(i, (event_of(i)->body + 7U) & ~7U, &known, sizeof known);
            return;
        }
    cr_assert_eq(FP_MACHINE, 0);
}

Test(record_hostile, bytes_between_the_parts_of_an_event_are_told) {
    make_sample();
    for (size_t i = 0; i < sample.event_count; i++)
        if (event_of(i)->body % 8 != 0) {
            claim_one_less(i, event_of(i)->body, "x", 1);
            return;
        }
    cr_assert(false, "the sample has a text that does not end with a word");
}

Test(record_hostile, events_in_a_chunk_without_a_head_are_told) {
    uint32_t none = 0;
    make_sample();
    cr_assert_eq(pwrite(sample.fd, &none, sizeof none, FP_AUDIT_HEAD), 4);
    struct fp_record *record = read_sample();
    cr_assert(fp_record_losses(record)->damaged > 0 &&
              fp_record_losses(record)->damages[0].offset ==
                  FP_AUDIT_HEAD + sizeof(struct fp_audit_chunk));
    fp_record_close(record);
}

/* --- mutated --- */

static uint64_t state;

static uint64_t next_random(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* Mostly where something is: the heads, and the beginnings of the chunks. */
static size_t some_offset(void) {
    uint64_t where = next_random() % 8;
    if (where == 0)
        return next_random() % sample.size;
    if (where == 1)
        return next_random() % sizeof(struct fp_audit_head);
    if (where == 2)
        return FP_AUDIT_HEAD + next_random() % 2 * FP_AUDIT_CHUNK + next_random() % 64;
    size_t i = next_random() % sample.event_count;
    return sample.events[i].offset +
           next_random() % (sample.events[i].end - sample.events[i].offset);
}

static void mutate(char *bytes) {
    static const uint64_t values[] = {0,          1,          7,          8,      31,
                                      32,         0x7f,       0xff,       0x7fff, 0xffff,
                                      0x7fffffff, 0x80000000, 0xffffffff, 32768,  UINT64_MAX};
    size_t offset = some_offset();
    size_t width = (size_t)1 << next_random() % 4;
    uint64_t value = next_random() % 2 ? values[next_random() % (sizeof values / sizeof *values)]
                                       : next_random();
    if (offset + width <= sample.size)
        memcpy(bytes + offset, &value, width);
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The same mutations each time, as many as a few seconds allow. */
Test(record_hostile, mutated_records_are_read_to_their_end) {
    make_sample();
    char *bytes = malloc(sample.size);
    size_t refused = 0, damaged = 0, rounds = 0;
    state = 0x9e3779b97f4a7c15;
    for (double until = seconds() + 4; seconds() < until; rounds++) {
        memcpy(bytes, sample.bytes, sample.size);
        for (uint64_t i = next_random() % 12 + 1; i; i--)
            mutate(bytes);
        cr_assert_eq(pwrite(sample.fd, bytes, sample.size, 0), (ssize_t)sample.size);
        struct fp_record *record = read_sample();
        refused += !record;
        damaged += record && fp_record_losses(record)->damaged;
        fp_record_close(record);
    }
    free(bytes);
    cr_assert(rounds > 100 && refused > 0 && damaged > rounds / 4);
}

/* --- no records --- */

static void claim_error(const void *bytes, size_t size, int error, const char *expected) {
    char why[FP_RECORD_WHY] = "";
    struct fp_record *record;
    int fd = memfd_create("none", MFD_CLOEXEC);
    cr_assert_eq(write(fd, bytes, size), (ssize_t)size);
    cr_assert_eq(fp_record_read(fd, &record, why), error);
    cr_assert_str_eq(why, expected);
    close(fd);
}

static void claim_head_error(size_t offset, uint32_t word, int error, const char *expected) {
    struct by_hand made = by_hand(1);
    memcpy(made.bytes + offset, &word, sizeof word);
    claim_error(made.bytes, made.size, error, expected);
    free(made.bytes);
}

Test(record_hostile, what_is_no_record_is_told_with_its_reason) {
    claim_error("", 0, -EBADMSG, "offset 0: empty");
    claim_error("#!/bin/sh\n", 10, -EBADMSG, "offset 0: not a record of forkproof audit");
    claim_error("fpaudit\n", 8, -EBADMSG, "offset 8: the file ends within the head");
    claim_error("\ntiduapf", 8, -EBADMSG, "offset 0: made on a machine of the other byte order");
    claim_head_error(8, 1, -EPROTO, "offset 8: version 1; this forkproof reads 2");
    claim_head_error(12, 4096, -EBADMSG, "offset 12: chunks of 4096 bytes and not of 32768");
    claim_head_error(16, 5, -EBADMSG, "offset 16: a size of 5 bytes");
}

static int error_of(const char *path) {
    struct fp_record *record;
    char why[FP_RECORD_WHY] = "";
    int r = fp_record_open(path, &record, why);
    cr_assert(r == 0 || why[0]);
    return r;
}

Test(record_hostile, what_is_no_file_is_told) {
    char fifo[] = "/tmp/record-XXXXXX";
    cr_assert_eq(error_of("/nonexistent/record"), -ENOENT);
    cr_assert_eq(error_of("/dev/null"), -EBADMSG);
    cr_assert_eq(error_of("/proc"), -EBADMSG);
    int fd = mkstemp(fifo);
    cr_assert(fd >= 0 && unlink(fifo) == 0 && mkfifo(fifo, 0600) == 0);
    cr_assert_eq(error_of(fifo), -EBADMSG);
    unlink(fifo);
    close(fd);
}

Test(record_hostile, one_of_immense_size_is_refused_at_once) {
    int fd = memfd_create("immense", MFD_CLOEXEC);
    char why[FP_RECORD_WHY] = "";
    struct fp_record *record;
    cr_assert_eq(ftruncate(fd, (off_t)1 << 50), 0);
    cr_assert_eq(fp_record_read(fd, &record, why), -EBADMSG);
    cr_assert_str_eq(why, "larger than any record");
    close(fd);
}
