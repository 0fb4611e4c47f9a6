/*
 * The record, byte by byte. An input is a record without its zeros: the head's 56 bytes, then up to
 * twelve chunks, each behind two bytes that tell how many of its bytes follow. With --pack FILE it
 * makes such an input of a record instead.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "record.h"

enum { HEAD = sizeof(struct fp_audit_head), CHUNKS = 12 };

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

/* --- unpacking --- */

/* The bytes of the record that an input stands for. */
static size_t unpack(const uint8_t *data, size_t size) {
    size_t used = FP_AUDIT_HEAD;
    memset(whole, 0, sizeof whole);
    if (size)
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    size_t length = unpack(data, size);
    fp_fuzz_audit(fp_fuzz_file(0, whole, length));
    return 0;
}
