#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

_Noreturn void fp_fuzz_refute(const char *claim, const char *file, int line) {
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, claim);
    abort();
}

int fp_fuzz_file(unsigned number, const void *bytes, size_t size) {
    static int files[2];
    int *fd = &files[number];
    if (*fd == 0)
        *fd = memfd_create("input", MFD_CLOEXEC);
    FP_CLAIM(ftruncate(*fd, 0) == 0 && ftruncate(*fd, (off_t)size) == 0);
    FP_CLAIM(pwrite(*fd, bytes, size, 0) == (ssize_t)size);
    return *fd;
}

const char *fp_fuzz_path(unsigned number, const void *bytes, size_t size) {
    static char paths[2][32];
    int fd = fp_fuzz_file(number, bytes, size);
    snprintf(paths[number], sizeof paths[number], "/proc/self/fd/%d", fd);
    return paths[number];
}

char *fp_fuzz_text(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1);
    FP_CLAIM(text);
    if (size)
        memcpy(text, data, size);
    text[size] = '\0';
    return text;
}
