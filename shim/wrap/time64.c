/*
 * wait3 and wait4 as programs call them that were built for a 32-bit machine with a time_t of 64
 * bits. For 32-bit machines only; glibc 2.34, musl 1.2.
 */
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "note.h"
#include "wrap.h"

struct time64 {
    int64_t seconds, microseconds;
};

/* struct rusage as the kernel knows it, from ru_maxrss to ru_nivcsw in one. */
struct usage32 {
    struct timeval user, system;
    long rest[14];
};
_Static_assert(sizeof(struct usage32) == sizeof(struct rusage), "not the kernel's struct rusage");

/* The same with such times; what musl has after these fields is never written. */
struct usage64 {
    struct time64 user, system;
    long rest[14];
};

static struct time64 widen(struct timeval time) {
    return (struct time64){time.tv_sec, time.tv_usec};
}

/* As in libc, a bad pointer to a wide usage faults. */
static pid_t wait_wide(pid_t pid, int *user_status, int options, struct usage64 *user_usage) {
    FP_NOTE(note);
    struct usage32 usage;
    struct rusage *narrow = user_usage ? (struct rusage *)&usage : NULL;
    long result = fp_note_wait4(&note, pid, user_status, options, narrow);
    if (result > 0 && user_usage) {
        user_usage->user = widen(usage.user);
        user_usage->system = widen(usage.system);
        for (size_t i = 0; i < sizeof usage.rest / sizeof *usage.rest; i++)
            user_usage->rest[i] = usage.rest[i];
    }
    return (pid_t)fp_wrap_result(result);
}

FP_EXPORT pid_t __wait3_time64(int *status, int options, struct usage64 *usage);
FP_EXPORT pid_t __wait4_time64(pid_t pid, int *status, int options, struct usage64 *usage);

FP_EXPORT pid_t __wait3_time64(int *status, int options, struct usage64 *usage) {
    return wait_wide(-1, status, options, usage);
}

FP_EXPORT pid_t __wait4_time64(pid_t pid, int *status, int options, struct usage64 *usage) {
    return wait_wide(pid, status, options, usage);
}
