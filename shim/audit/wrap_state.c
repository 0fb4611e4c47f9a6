/* What changes the state that an audit judges by: threads, masks, jumps, the directory, handlers
 * for exit. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <threads.h>
#include <unistd.h>

#include "../wrap/wrap.h"
#include "symbol.h"
#include "sys.h"
#include "watch.h"

/* --- threads --- */

FP_EXPORT int pthread_create(pthread_t *ret, const pthread_attr_t *attributes,
                             void *(*start)(void *), void *argument) {
    __typeof__(&pthread_create) next = FP_NEXT(pthread_create);
    fp_watch_thread();
    return next ? next(ret, attributes, start, argument) : EAGAIN;
}

FP_EXPORT int thrd_create(thrd_t *ret, thrd_start_t start, void *argument) {
    __typeof__(&thrd_create) next = FP_NEXT(thrd_create);
    fp_watch_thread();
    return next ? next(ret, start, argument) : thrd_error;
}

/* --- masks --- */

/* The set is read beforehand: the old one may be written over it. */
FP_EXPORT int sigprocmask(int how, const sigset_t *set, sigset_t *old) {
    __typeof__(&sigprocmask) next = FP_NEXT(sigprocmask);
    if (set)
        fp_watch_asked(how, set);
    return next ? next(how, set, old) : (int)fp_wrap_result(-ENOSYS);
}

FP_EXPORT int pthread_sigmask(int how, const sigset_t *set, sigset_t *old) {
    __typeof__(&pthread_sigmask) next = FP_NEXT(pthread_sigmask);
    if (set)
        fp_watch_asked(how, set);
    return next ? next(how, set, old) : ENOSYS;
}

FP_EXPORT int sigsuspend(const sigset_t *set) {
    __typeof__(&sigsuspend) next = FP_NEXT(sigsuspend);
    fp_watch_suspended(set);
    return next ? next(set) : (int)fp_wrap_result(-ENOSYS);
}

typedef int holder(int);
holder sighold_told __asm__("sighold");

FP_EXPORT int sighold_told(int number) {
    holder *next = FP_NEXT_BY(sighold_told, fp_symbol_next("sighold"));
    const uint64_t set = number >= 1 && number <= 64 ? UINT64_C(1) << (number - 1) : 0;
    fp_watch_asked(SIG_BLOCK, &set);
    return next ? next(number) : (int)fp_wrap_result(-ENOSYS);
}

/* The old spellings. Some are deprecated, hence other names for their prototypes. */
int sigblock_told(int set) __asm__("sigblock");
int sigsetmask_told(int set) __asm__("sigsetmask");

FP_EXPORT int sigblock_told(int low) {
    __typeof__(&sigblock_told) next = FP_NEXT_BY(sigblock_told, fp_symbol_next("sigblock"));
    const uint64_t set = (uint32_t)low;
    fp_watch_asked(SIG_BLOCK, &set);
    return next ? next(low) : (int)fp_wrap_result(-ENOSYS);
}

FP_EXPORT int sigsetmask_told(int low) {
    __typeof__(&sigsetmask_told) next = FP_NEXT_BY(sigsetmask_told, fp_symbol_next("sigsetmask"));
    const uint64_t set = (uint32_t)low;
    fp_watch_asked(SIG_SETMASK, &set);
    return next ? next(low) : (int)fp_wrap_result(-ENOSYS);
}

/* For a thread, from glibc 2.32. */
int pthread_attr_setsigmask_np(pthread_attr_t *attributes, const sigset_t *set);

FP_EXPORT int pthread_attr_setsigmask_np(pthread_attr_t *attributes, const sigset_t *set) {
    __typeof__(&pthread_attr_setsigmask_np) next = FP_NEXT(pthread_attr_setsigmask_np);
    if (set)
        fp_watch_suspended(set);
    return next ? next(attributes, set) : ENOSYS;
}

/* --- jumps: by other names, as what a target is differs by libc --- */

typedef void jumper(void *target, int value);

#define JUMPS(name)                                                                                \
    jumper jump_by_##name __asm__(#name);                                                          \
    FP_EXPORT void jump_by_##name(void *target, int value) {                                       \
        jumper *next = FP_NEXT_BY(jump_by_##name, fp_symbol_next(#name));                          \
        fp_watch_jumped();                                                                         \
        if (next)                                                                                  \
            next(target, value);                                                                   \
        __builtin_trap();                                                                          \
    }
JUMPS(longjmp)
JUMPS(_longjmp)
JUMPS(siglongjmp)
JUMPS(__longjmp_chk)

typedef int changer(void *from, const void *to);
int setcontext_told(const void *to) __asm__("setcontext");
changer swapcontext_told __asm__("swapcontext");

FP_EXPORT int setcontext_told(const void *to) {
    __typeof__(&setcontext_told) next = FP_NEXT_BY(setcontext_told, fp_symbol_next("setcontext"));
    fp_watch_jumped();
    return next ? next(to) : (int)fp_wrap_result(-ENOSYS);
}

/* Our frame is part of the context that is left, and is there when it is gone on with. */
FP_EXPORT int swapcontext_told(void *from, const void *to) {
    changer *next = FP_NEXT_BY(swapcontext_told, fp_symbol_next("swapcontext"));
    fp_watch_jumped();
    return next ? next(from, to) : (int)fp_wrap_result(-ENOSYS);
}

/* --- the directory --- */

FP_EXPORT int chdir(const char *path) {
    __typeof__(&chdir) next = FP_NEXT(chdir);
    int result = next ? next(path) : (int)fp_wrap_result(-ENOSYS);
    if (result == 0)
        fp_watch_moved();
    return result;
}

FP_EXPORT int fchdir(int fd) {
    __typeof__(&fchdir) next = FP_NEXT(fchdir);
    int result = next ? next(fd) : (int)fp_wrap_result(-ENOSYS);
    if (result == 0)
        fp_watch_moved();
    return result;
}

/* --- handlers for exit, exceptions --- */

typedef void destructor(void *);
int __cxa_atexit(destructor *handler, void *argument, void *object);
void *__cxa_begin_catch(void *exception);

/* glibc's atexit is part of the program, and comes here. */
FP_EXPORT int __cxa_atexit(destructor *handler, void *argument, void *object) {
    __typeof__(&__cxa_atexit) next = FP_NEXT(__cxa_atexit);
    fp_watch_atexit((const void *)(uintptr_t)handler);
    return next ? next(handler, argument, object) : -1;
}

FP_EXPORT int on_exit(void (*handler)(int, void *), void *argument) {
    __typeof__(&on_exit) next = FP_NEXT(on_exit);
    fp_watch_atexit((const void *)(uintptr_t)handler);
    return next ? next(handler, argument) : -1;
}

/* musl's. */
static void call_plain(void *handler) {
    ((void (*)(void))(uintptr_t)handler)();
}

FP_EXPORT int atexit(void (*handler)(void)) {
    __typeof__(&atexit) next = FP_NEXT(atexit);
    __typeof__(&__cxa_atexit) other = FP_NEXT(__cxa_atexit);
    fp_watch_atexit((const void *)(uintptr_t)handler);
    if (next)
        return next(handler);
    return other ? other(call_plain, (void *)(uintptr_t)handler, NULL) : -1;
}

/* Who calls it has it: in libstdc++, which may be loaded after us. */
FP_EXPORT void *__cxa_begin_catch(void *exception) {
    __typeof__(&__cxa_begin_catch) next = FP_NEXT(__cxa_begin_catch);
    fp_watch_caught();
    return next ? next(exception) : NULL;
}
