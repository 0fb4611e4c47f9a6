#include "fds.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Anything harmless; "/" serves where there is no /dev. */
static int open_null(void) {
    int fd = open("/dev/null", O_RDWR);
    return fd >= 0 ? fd : open("/", O_PATH);
}

unsigned fp_fds_fill_standard(void) {
    unsigned closed = 0;
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
            continue;
        closed |= 1u << fd;
        /* All below are open, so this number is the one it gets. */
        (void)!open_null();
    }
    return closed;
}

void fp_fds_to_null(unsigned mask) {
    int null = open_null();
    for (int fd = 0; fd <= 2 && null >= 0; fd++)
        if (mask & 1u << fd)
            dup2(null, fd);
    if (null > 2)
        close(null);
}

static int ascending(const void *a, const void *b) {
    const int *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void close_listed(unsigned first, unsigned last) {
    DIR *dir = opendir("/proc/self/fd");
    if (!dir)
        return;
    for (struct dirent *e; (e = readdir(dir));) {
        unsigned fd = (unsigned)atoi(e->d_name);
        if (fd >= first && fd <= last && (int)fd != dirfd(dir))
            close((int)fd);
    }
    closedir(dir);
}

static void close_between(unsigned first, unsigned last) {
    if (first > last)
        return;
#ifdef SYS_close_range
    if (syscall(SYS_close_range, first, last, 0) == 0)
        return;
#endif
    close_listed(first, last);
}

void fp_fds_keep(int *fds, size_t count) {
    unsigned next = 3;
    qsort(fds, count, sizeof *fds, ascending);
    for (size_t i = 0; i < count; i++) {
        if (fds[i] < (int)next)
            continue;
        close_between(next, (unsigned)fds[i] - 1);
        next = (unsigned)fds[i] + 1;
    }
    close_between(next, ~0u);
}

int fp_fds_signals(void) {
    sigset_t all;
    sigfillset(&all);
    return signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
}

void fp_fds_close(int *fd) {
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

int fp_fds_write(int fd, const char *text, size_t length) {
    for (size_t done = 0; done < length;) {
        ssize_t n = write(fd, text + done, length - done);
        if (n < 0 && errno != EINTR)
            return -errno;
        done += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

/* Not longer than this without a look at each. */
#define TURN_MS 10

static int poll_in_turn(struct pollfd *fds, size_t count, int timeout_ms) {
    int ready = 0;
    for (size_t i = 0; i < count; i++)
        ready += poll(fds + i, 1, 0) > 0;
    if (ready == 0)
        poll(NULL, 0, timeout_ms < 0 || timeout_ms > TURN_MS ? TURN_MS : timeout_ms);
    return ready;
}

int fp_fds_poll(struct pollfd *fds, size_t count, int timeout_ms) {
    size_t last = count;
    while (last > 0 && fds[last - 1].fd < 0)
        fds[--last].revents = 0;
    int n = poll(fds, last, timeout_ms);
    return n < 0 && errno == EINVAL ? poll_in_turn(fds, last, timeout_ms) : n;
}
