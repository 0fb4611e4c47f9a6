/*
 * The end of a process that is no child, by kqueue. The descriptor watches the process that had the
 * number when it was made, whoever has it later.
 */
#ifndef FP_SYS_BSD_WATCH_H
#define FP_SYS_BSD_WATCH_H

#include <errno.h>
#include <fcntl.h>
#include <sys/event.h>
#include <sys/types.h>
#include <unistd.h>

/* A kqueue that tells of the end of the process, or -errno: -ESRCH when it has ended already. */
static inline int fp_watch_open(pid_t pid) {
    struct kevent change;
    int queue = kqueue();
    if (queue < 0)
        return -errno;
    EV_SET(&change, (uintptr_t)pid, EVFILT_PROC, EV_ADD | EV_ONESHOT, NOTE_EXIT, 0, 0);
    if (fcntl(queue, F_SETFD, FD_CLOEXEC) == 0 && kevent(queue, &change, 1, NULL, 0, NULL) == 0)
        return queue;
    int error = errno;
    (void)close(queue);
    return -error;
}

/* Waits for it, time: NULL for ever. 1: it has ended, 0: the time is over, or -errno. */
static inline int fp_watch_wait(int queue, const struct timespec *time) {
    struct kevent event;
    int count;
    do
        count = kevent(queue, NULL, 0, &event, 1, time);
    while (count < 0 && errno == EINTR && !time);
    return count < 0 ? -errno : count;
}

#endif
