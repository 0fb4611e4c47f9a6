/* A routine that runs when a thread is cancelled: see ../cancel.h. */
#ifndef FP_SYS_LINUX_CLEANUP_H
#define FP_SYS_LINUX_CLEANUP_H

/* glibc and musl both keep these, with a buffer of at most four words that the caller lends. */
struct fp_cleanup {
    void *words[6];
};
extern void _pthread_cleanup_push(struct fp_cleanup *, void (*routine)(void *), void *argument)
    __attribute__((weak));
extern void _pthread_cleanup_pop(struct fp_cleanup *, int execute) __attribute__((weak));

/* Until the pop, routine runs when the thread is cancelled and (glibc) when it leaves by longjmp.
 */
static inline void fp_cleanup_push(struct fp_cleanup *cleanup, void (*routine)(void *),
                                   void *argument) {
    if (_pthread_cleanup_push)
        _pthread_cleanup_push(cleanup, routine, argument);
}

static inline void fp_cleanup_pop(struct fp_cleanup *cleanup) {
    if (_pthread_cleanup_pop)
        _pthread_cleanup_pop(cleanup, 0);
}

#endif
