/* Calls that take libc's locks, or change what they guard, outside of heap and streams. */
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <syslog.h>
#include <time.h>

#include "wrap_unsafe.h"

void __syslog_chk(int priority, int flag, const char *format, ...);
void __vsyslog_chk(int priority, int flag, const char *format, va_list list);

FP_UNSAFE_CALL(int, setenv, (const char *name, const char *value, int replaces),
               (name, value, replaces), (int)fp_wrap_result(-ENOSYS))
FP_UNSAFE_CALL(int, unsetenv, (const char *name), (name), (int)fp_wrap_result(-ENOSYS))
FP_UNSAFE_CALL(int, putenv, (char *variable), (variable), (int)fp_wrap_result(-ENOSYS))
FP_UNSAFE_CALL(struct tm *, localtime, (const time_t *time), (time), NULL)
FP_UNSAFE_CALL(struct tm *, localtime_r, (const time_t *time, struct tm *ret), (time, ret), NULL)
FP_UNSAFE_CALL(struct tm *, gmtime, (const time_t *time), (time), NULL)
FP_UNSAFE_CALL(time_t, mktime, (struct tm * local), (local), (time_t)-1)
FP_UNSAFE_CALL(struct passwd *, getpwnam, (const char *name), (name), NULL)
FP_UNSAFE_CALL(int, getaddrinfo,
               (const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **ret),
               (node, service, hints, ret), EAI_FAIL)

FP_EXPORT void tzset(void) {
    FP_UNSAFE(tzset);
    __typeof__(&tzset) next = FP_NEXT(tzset);
    if (next)
        next();
}

/*
 * The loader looks at who has called, for the paths of that object: the call must be the wrapper's
 * last, so that it is a jump. What was loaded is looked at later.
 */
FP_EXPORT void *dlopen(const char *file, int mode) {
    FP_UNSAFE(dlopen);
    __typeof__(&dlopen) next = FP_NEXT(dlopen);
    fp_watch_mapped();
    return next ? next(file, mode) : NULL;
}

/* --- syslog --- */

#define SYSLOG(list_name, ...)                                                                     \
    do {                                                                                           \
        __typeof__(&list_name) next = FP_NEXT(list_name);                                          \
        va_list list;                                                                              \
        va_start(list, format);                                                                    \
        if (next)                                                                                  \
            next(__VA_ARGS__, list);                                                               \
        va_end(list);                                                                              \
    } while (0)

FP_EXPORT void syslog(int priority, const char *format, ...) {
    FP_UNSAFE(syslog);
    SYSLOG(vsyslog, priority, format);
}

FP_EXPORT void __syslog_chk(int priority, int flag, const char *format, ...) {
    FP_UNSAFE(syslog);
    SYSLOG(__vsyslog_chk, priority, flag, format);
}

FP_EXPORT void vsyslog(int priority, const char *format, va_list list) {
    FP_UNSAFE(syslog);
    __typeof__(&vsyslog) next = FP_NEXT(vsyslog);
    if (next)
        next(priority, format, list);
}

FP_EXPORT void __vsyslog_chk(int priority, int flag, const char *format, va_list list) {
    FP_UNSAFE(syslog);
    __typeof__(&__vsyslog_chk) next = FP_NEXT(__vsyslog_chk);
    if (next)
        next(priority, flag, format, list);
}

/* --- locks --- */

/* In a handler it is a fault, too, but many a lock there is one that nobody else can hold. */
FP_EXPORT int pthread_mutex_lock(pthread_mutex_t *mutex) {
    __typeof__(&pthread_mutex_lock) next = FP_NEXT(pthread_mutex_lock);
    if (__builtin_expect(
            atomic_load_explicit(&fp_watching, memory_order_relaxed) & FP_WATCHING_CHILD, 0))
        fp_watch_unsafe_in_child("pthread_mutex_lock", __builtin_return_address(0));
    return next ? next(mutex) : ENOSYS;
}
