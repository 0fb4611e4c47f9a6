/*
 * mlockall, without the record, all of whose memory would be allocated at once: all is locked as it
 * is touched, the record is let go, and then each other mapping is locked as the program asked for.
 * MCL_ONFAULT is from Linux 4.4 on; before, the record is locked as well.
 */
#include <sys/mman.h>

#include "../wrap/wrap.h"
#include "maps.h"
#include "sys.h"
#include "wrap_lock.h"

enum { KNOWN = MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT };

static long lock_by(unsigned flags) {
    return fp_syscall(SYS_mlockall, (long)flags, 0, 0, 0, 0, 0);
}

/* One line of maps, "START-END …"; false at the end. */
static bool read_line(struct fp_maps *maps, uint64_t *ret_start, uint64_t *ret_end) {
    if (fp_maps_digits(maps, 16, ret_start) != '-')
        return false;
    int byte = fp_maps_digits(maps, 16, ret_end);
    while (byte >= 0 && byte != '\n')
        byte = fp_maps_byte(maps);
    return true;
}

/* As the kernel does it: memory that cannot be had, or read, is no error. */
static void lock_mapped(struct fp_maps *maps, unsigned flags, const void *record) {
    long on_fault = flags & MCL_ONFAULT ? 1 : 0; // MLOCK_ONFAULT
    uint64_t start;
    uint64_t end;
    while (read_line(maps, &start, &end))
        if (start != (uintptr_t)record)
            (void)fp_syscall(SYS_mlock2, (long)start, (long)(end - start), on_fault, 0, 0, 0);
}

static uint64_t size_mapped(struct fp_maps *maps, const void *record) {
    uint64_t start;
    uint64_t end;
    uint64_t size = 0;
    while (read_line(maps, &start, &end))
        size += start == (uintptr_t)record || start > INT64_MAX ? 0 : end - start;
    return size;
}

/* All that is mapped is more than may be locked: whether it is because of the record. */
static long lock_within_limit(struct fp_maps *maps, unsigned flags, const void *record) {
    uint64_t limit[2] = {0, 0};
    (void)fp_syscall(SYS_prlimit64, 0, RLIMIT_MEMLOCK, 0, (long)limit, 0, 0);
    if (size_mapped(maps, record) > limit[0] || fp_sys_seek(maps->fd, 0) < 0)
        return -ENOMEM;
    maps->at = maps->end = 0;
    if (flags & MCL_FUTURE)
        (void)lock_by(flags & ~(unsigned)MCL_CURRENT);
    lock_mapped(maps, flags, record);
    return 0;
}

static long lock_others(struct fp_maps *maps, unsigned flags, const void *record, size_t size) {
    long result = lock_by(MCL_CURRENT | MCL_ONFAULT);
    if (result == -EINVAL)
        return lock_by(flags);
    if (result == -ENOMEM)
        return lock_within_limit(maps, flags, record);
    if (result < 0)
        return result;
    (void)fp_syscall(SYS_munlock, (long)record, (long)size, 0, 0, 0, 0);
    if (flags & MCL_FUTURE)
        (void)lock_by(flags & ~(unsigned)MCL_CURRENT);
    if (!(flags & MCL_ONFAULT))
        lock_mapped(maps, flags, record);
    return 0;
}

long fp_lock_all(unsigned flags) {
    struct fp_maps maps;
    const void *record;
    size_t size = fp_log_memory(&record);
    if (size == 0 || !(flags & MCL_CURRENT) || (flags & ~(unsigned)KNOWN))
        return lock_by(flags);
    fp_maps_open(&maps);
    if (maps.fd < 0)
        return lock_by(flags);
    long result = lock_others(&maps, flags, record, size);
    (void)fp_sys_close(maps.fd);
    return result;
}

FP_EXPORT int mlockall(int flags) {
    return (int)fp_wrap_result(fp_lock_all((unsigned)flags));
}
