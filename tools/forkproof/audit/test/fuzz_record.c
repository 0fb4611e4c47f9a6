/*
 * A libFuzzer target over the reader of the record: -DFORKPROOF_FUZZ=ON, with clang.
 *
 *   audit_fuzz_record -max_total_time=60 tools/forkproof/audit/test/corpus/record
 *
 * An input is a record without its zeros: the head's 72 bytes, then up to four chunks, each behind
 * two bytes that tell how many of its bytes follow. With --pack FILE it makes such an input of a
 * record instead.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "record.h"

enum { HEAD = sizeof(struct fp_audit_head), CHUNKS = 4 };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char whole[FP_AUDIT_HEAD + CHUNKS * FP_AUDIT_CHUNK];

/* --- packing --- */

static size_t length_of(const char *at, size_t size) {
    while (size > 0 && !at[size - 1])
        size--;
    return size;
}

static int pack(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, whole, sizeof whole);
    if (size < HEAD) {
        fprintf(stderr, "fuzz_record: %s: not a record\n", path);
        return 1;
    }
    fwrite(whole, 1, HEAD, stdout);
    for (size_t at = FP_AUDIT_HEAD; at < (size_t)size; at += FP_AUDIT_CHUNK) {
        uint16_t length = (uint16_t)length_of(whole + at, FP_AUDIT_CHUNK);
        fwrite(&length, sizeof length, 1, stdout);
        fwrite(whole + at, 1, length, stdout);
    }
    return fflush(stdout) == 0 ? 0 : 1;
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    if (*argc == 3 && strcmp((*argv)[1], "--pack") == 0)
        exit(pack((*argv)[2]));
    return 0;
}

/* --- reading --- */

/* The bytes of the record that an input stands for. */
static size_t unpack(const uint8_t *data, size_t size) {
    size_t used = FP_AUDIT_HEAD;
    memset(whole, 0, sizeof whole);
    memcpy(whole, data, size < HEAD ? size : HEAD);
    if (size < HEAD)
        return size;
    for (size_t at = HEAD; size - at >= 2 && used < sizeof whole; used += FP_AUDIT_CHUNK) {
        size_t length = (data[at] | (size_t)data[at + 1] << 8) % (FP_AUDIT_CHUNK + 1);
        at += 2;
        if (length > size - at)
            length = size - at;
        memcpy(whole + used, data + at, length);
        at += length;
    }
    return used;
}

static unsigned sum;

static void touch(const void *at, size_t size) {
    for (size_t i = 0; i < size; i++)
        sum += ((const unsigned char *)at)[i];
}

static void look(const struct fp_record *record) {
    size_t mappings[2];
    uint64_t before = 0;
    for (size_t i = 0; i < fp_record_event_count(record); i++) {
        struct fp_record_event event = fp_record_event(record, i);
        if (event.time < before || event.process >= fp_record_process_count(record))
            abort();
        before = event.time;
        touch(event.text.at, event.text.size);
        touch(event.exe.at, event.exe.size);
        touch(event.registers, event.register_count * sizeof *event.registers);
        touch(event.stack, event.stack_size);
        (void)fp_record_mappings(record, i, mappings, 2);
    }
    for (size_t i = 0; i < fp_record_process_count(record); i++) {
        size_t steps = 0;
        for (size_t at = i; at != FP_RECORD_NONE; at = fp_record_process(record, at)->starter)
            if (steps++ > fp_record_process_count(record))
                abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int fd = -1;
    struct fp_record *record;
    char why[FP_RECORD_WHY] = "";
    size_t length = unpack(data, size);
    if (fd < 0)
        fd = memfd_create("record", MFD_CLOEXEC);
    if (ftruncate(fd, (off_t)length) < 0 || pwrite(fd, whole, length, 0) != (ssize_t)length)
        abort();
    int r = fp_record_read(fd, &record, why);
    if (r < 0 && !why[0])
        abort();
    if (r < 0)
        return 0;
    look(record);
    fp_record_close(record);
    return 0;
}
