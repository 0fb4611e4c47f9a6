/* /proc/self/maps, read as the bytes come. */
#ifndef FP_AUDIT_MAPS_H
#define FP_AUDIT_MAPS_H

#include <stddef.h>
#include <stdint.h>

#include "log.h"
#include "sys.h"

struct fp_maps {
    int fd;
    size_t at, end;
    char buffer[FP_LOG_TEXT + 128];
};

/* To be closed by fp_sys_close(ret->fd) unless that is negative. */
static inline void fp_maps_open(struct fp_maps *ret) {
    ret->fd = fp_sys_open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    ret->at = ret->end = 0;
}

/* -1 at the end. */
static inline int fp_maps_byte(struct fp_maps *maps) {
    if (maps->at == maps->end) {
        long got = fp_sys_read(maps->fd, maps->buffer, sizeof maps->buffer);
        maps->at = 0;
        maps->end = got > 0 ? (size_t)got : 0;
    }
    // NOLINTNEXTLINE(clang-analyzer-core.uninitialized.UndefReturn): written by the kernel
    return maps->at < maps->end ? (unsigned char)maps->buffer[maps->at++] : -1;
}

/* -1: it is none. */
static inline int fp_maps_digit(int byte, unsigned base) {
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    return base == 16 && byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* Digits up to any other byte, which is taken too and returned. */
static inline int fp_maps_digits(struct fp_maps *maps, unsigned base, uint64_t *ret) {
    int byte = fp_maps_byte(maps);
    *ret = 0;
    for (int digit; (digit = fp_maps_digit(byte, base)) >= 0; byte = fp_maps_byte(maps))
        *ret = *ret * base + (unsigned)digit;
    return byte;
}

#endif
