/* ELF files of unknown making, opened without harm. */
#ifndef FP_UNWIND_FILE_H
#define FP_UNWIND_FILE_H

#include <libelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Larger files are not read. */
#define FP_FILE_MOST ((int64_t)1 << 30)

struct fp_file {
    int fd; /* -1: none */
    Elf *elf;
};

/*
 * Only a regular file with an absolute path: nothing else is so much as opened. The file is read,
 * not mapped: one that is cut short meanwhile costs no SIGBUS.
 * -ENOENT and the like; -EMEDIUMTYPE: not a regular file; -EFBIG; -ENOEXEC: not an ELF image.
 */
int fp_file_open(const char *path, struct fp_file *ret);
void fp_file_close(struct fp_file *file);

/* As NT_GNU_BUILD_ID; 0: it has none. */
size_t fp_file_build_id(Elf *elf, const uint8_t **ret);

/* As .gnu_debuglink has it, of all of the file. -errno. */
int fp_file_crc(int fd, uint32_t *ret);

/* The separate debug file of an image, by build-id, then by .gnu_debuglink; -ENOENT: none. */
int fp_file_open_debug(Elf *elf, const char *path, const char *directory, struct fp_file *ret);

/* debug_directory/.build-id/xx/yyyy.debug, with that very build-id. */
int fp_file_open_by_id(const char *directory, const uint8_t *id, size_t size, struct fp_file *ret);

#endif
