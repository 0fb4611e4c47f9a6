/* A routine that runs when a thread is cancelled: see ../cancel.h. Each system keeps its own list.
 */
#ifndef FP_SYS_BSD_CLEANUP_H
#define FP_SYS_BSD_CLEANUP_H

#include <pthread.h>

#if defined(__APPLE__)

struct fp_cleanup {
    struct __darwin_pthread_handler_rec record;
};

static inline void fp_cleanup_push(struct fp_cleanup *cleanup, void (*routine)(void *),
                                   void *argument) {
    pthread_t self = pthread_self();
    cleanup->record.__routine = routine;
    cleanup->record.__arg = argument;
    cleanup->record.__next = self->__cleanup_stack;
    self->__cleanup_stack = &cleanup->record;
}

static inline void fp_cleanup_pop(struct fp_cleanup *cleanup) {
    pthread_self()->__cleanup_stack = cleanup->record.__next;
}

#elif defined(__FreeBSD__)

struct fp_cleanup {
    struct _pthread_cleanup_info info;
};
#pragma weak __pthread_cleanup_push_imp
#pragma weak __pthread_cleanup_pop_imp

static inline void fp_cleanup_push(struct fp_cleanup *cleanup, void (*routine)(void *),
                                   void *argument) {
    if (__pthread_cleanup_push_imp)
        __pthread_cleanup_push_imp(routine, argument, &cleanup->info);
}

static inline void fp_cleanup_pop(struct fp_cleanup *cleanup) {
    (void)cleanup;
    if (__pthread_cleanup_pop_imp)
        __pthread_cleanup_pop_imp(0);
}

#elif defined(__NetBSD__)

struct fp_cleanup {
    struct pthread_cleanup_store store;
};
#pragma weak pthread__cleanup_push
#pragma weak pthread__cleanup_pop

static inline void fp_cleanup_push(struct fp_cleanup *cleanup, void (*routine)(void *),
                                   void *argument) {
    if (pthread__cleanup_push)
        pthread__cleanup_push(routine, argument, &cleanup->store);
}

static inline void fp_cleanup_pop(struct fp_cleanup *cleanup) {
    if (pthread__cleanup_pop)
        pthread__cleanup_pop(0, &cleanup->store);
}

#else // OpenBSD, where they are functions that allocate

struct fp_cleanup {
    char none;
};
#pragma weak pthread_cleanup_push
#pragma weak pthread_cleanup_pop

static inline void fp_cleanup_push(struct fp_cleanup *cleanup, void (*routine)(void *),
                                   void *argument) {
    (void)cleanup;
    if (pthread_cleanup_push)
        pthread_cleanup_push(routine, argument);
}

static inline void fp_cleanup_pop(struct fp_cleanup *cleanup) {
    (void)cleanup;
    if (pthread_cleanup_pop)
        pthread_cleanup_pop(0);
}

#endif
#endif
