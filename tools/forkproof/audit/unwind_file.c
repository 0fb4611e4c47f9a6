#include "unwind_file.h"

#include <elfutils/libdwelf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ID_MOST 64

/* O_PATH looks at a file without opening it: a FIFO or a device would notice. */
static int open_regular(const char *path) {
    char link[64];
    struct stat st;
    if (*path != '/')
        return -ENOENT;
    int place = open(path, O_PATH | O_CLOEXEC);
    if (place < 0)
        return -errno;
    int fd = fstat(place, &st) < 0           ? -errno
             : !S_ISREG(st.st_mode)          ? -EMEDIUMTYPE
             : st.st_size > FP_FILE_MOST     ? -EFBIG
             : st.st_size < (off_t)EI_NIDENT ? -ENOEXEC
                                             : 0;
    if (fd == 0) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", place);
        fd = open(link, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0)
            fd = -errno;
    }
    close(place);
    return fd;
}

int fp_file_open(const char *path, struct fp_file *ret) {
    *ret = (struct fp_file){.fd = -1};
    int fd = open_regular(path);
    if (fd < 0)
        return fd;
    ret->fd = fd;
    elf_version(EV_CURRENT);
    ret->elf = elf_begin(fd, ELF_C_READ, NULL);
    if (ret->elf && elf_kind(ret->elf) == ELF_K_ELF)
        return 0;
    fp_file_close(ret);
    return -ENOEXEC;
}

void fp_file_close(struct fp_file *file) {
    elf_end(file->elf);
    if (file->fd >= 0)
        close(file->fd);
    *file = (struct fp_file){.fd = -1};
}

size_t fp_file_build_id(Elf *elf, const uint8_t **ret) {
    const void *id = NULL;
    ssize_t n = dwelf_elf_gnu_build_id(elf, &id);
    *ret = id;
    return n > 0 ? (size_t)n : 0;
}

int fp_file_crc(int fd, uint32_t *ret) {
    uint32_t table[256], crc = UINT32_MAX;
    unsigned char bytes[2048];
    ssize_t n;
    for (uint32_t i = 0; i < 256; i++) {
        table[i] = i;
        for (int bit = 0; bit < 8; bit++)
            table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320u : 0);
    }
    for (off_t at = 0; (n = pread(fd, bytes, sizeof bytes, at)) > 0; at += n) {
        for (ssize_t i = 0; i < n; i++)
            crc = crc >> 8 ^ table[(crc ^ bytes[i]) & 0xff];
    }
    *ret = ~crc;
    return n < 0 ? -errno : 0;
}

static bool has_id(Elf *elf, const uint8_t *id, size_t size) {
    const uint8_t *own;
    return size > 0 && fp_file_build_id(elf, &own) == size && memcmp(own, id, size) == 0;
}

int fp_file_open_by_id(const char *directory, const uint8_t *id, size_t size, struct fp_file *ret) {
    char name[2 * ID_MOST + 1], *path;
    if (size < 2 || size > ID_MOST)
        return -ENOENT;
    for (size_t i = 0; i < size; i++)
        snprintf(name + 2 * i, 3, "%02x", id[i]);
    if (asprintf(&path, "%s/.build-id/%.2s/%s.debug", directory, name, name + 2) < 0)
        return -ENOMEM;
    int r = fp_file_open(path, ret);
    free(path);
    if (r == 0 && !has_id(ret->elf, id, size)) {
        fp_file_close(ret);
        r = -ENOENT;
    }
    return r;
}

/* The same build-id where the image has one, else the sum in its link. */
static bool belongs(Elf *image, uint32_t crc, const struct fp_file *debug) {
    const uint8_t *id;
    size_t size = fp_file_build_id(image, &id);
    uint32_t sum;
    if (size > 0)
        return has_id(debug->elf, id, size);
    return fp_file_crc(debug->fd, &sum) == 0 && sum == crc;
}

/* As gdb looks: beside the image, in .debug there, and below the debug directory. */
static int open_by_link(Elf *elf, const char *path, const char *directory, struct fp_file *ret) {
    GElf_Word crc;
    const char *link = dwelf_elf_gnu_debuglink(elf, &crc);
    const char *slash = strrchr(path, '/');
    if (!link || !slash || !*link || strchr(link, '/') || strlen(link) > NAME_MAX)
        return -ENOENT;
    const char *const before[] = {"", "", directory}, *const after[] = {"", "/.debug", ""};
    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        char *name;
        if (asprintf(&name, "%s%.*s%s/%s", before[i], (int)(slash - path), path, after[i], link) <
            0)
            return -ENOMEM;
        bool itself = strcmp(name, path) == 0;
        int r = itself ? -ENOENT : fp_file_open(name, ret);
        free(name);
        if (r == 0 && belongs(elf, crc, ret))
            return 0;
        if (r == 0)
            fp_file_close(ret);
    }
    return -ENOENT;
}

int fp_file_open_debug(Elf *elf, const char *path, const char *directory, struct fp_file *ret) {
    const uint8_t *id;
    size_t size = fp_file_build_id(elf, &id);
    int r = fp_file_open_by_id(directory, id, size, ret);
    return r == 0 ? r : open_by_link(elf, path, directory, ret);
}
