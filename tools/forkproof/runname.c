#include "runname.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rundir.h"

/* A lock that is held by no living guard, nor let go of in so many tries, is the supervisor's. */
#define TRIES 500
#define TRY_AGAIN_MS 1

bool fp_runname_is_valid(const char *name) {
    size_t digits = strspn(name, "0123456789");
    size_t length = strlen(name);
    if (length == 0 || length > FP_RUNNAME_MAX || digits == length || *name == '.' || *name == '-')
        return false;
    for (const char *c = name; *c; c++)
        if (!isascii((unsigned char)*c) || !(isalnum((unsigned char)*c) || strchr("._-", *c)))
            return false;
    return true;
}

static void file_of(const char *name, char ret[FP_RUNNAME_MAX + 16]) {
    snprintf(ret, FP_RUNNAME_MAX + 16, FP_RUNNAME_PREFIX "%.64s", name);
}

static int open_regular(int base_fd, const char *file, int flags) {
    struct stat st;
    int fd = openat(base_fd, file, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        return fd;
    close(fd);
    return -EINVAL;
}

/* A file that was removed before it was locked is no name any more. */
static bool is_still(int base_fd, const char *file, int fd) {
    struct stat mine, there;
    return fstat(fd, &mine) == 0 && fstatat(base_fd, file, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
           mine.st_ino == there.st_ino && mine.st_dev == there.st_dev;
}

static void read_id(int fd, char *ret, size_t size) {
    ssize_t n = pread(fd, ret, size - 1, 0);
    ret[n > 0 ? n : 0] = '\0';
    ret[strcspn(ret, "\n")] = '\0';
}

/*
 * -EAGAIN: to be tried again; -EBUSY: a run has it. Whoever makes it, or clears it away, locks it
 * for a moment, too: then it does not name a living guard.
 */
static int lock(int base_fd, const char *file, int fd, char *ret_holder, size_t size) {
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return is_still(base_fd, file, fd) ? 0 : -EAGAIN;
    if (errno != EWOULDBLOCK)
        return -errno;
    read_id(fd, ret_holder, size);
    return fp_rundir_is_id(ret_holder) && !fp_rundir_id_is_dead(ret_holder) ? -EBUSY : -EAGAIN;
}

static int claim_once(int base_fd, const char *file, const char *id, char *ret_holder,
                      size_t size) {
    int fd = open_regular(base_fd, file, O_RDWR | O_CREAT);
    if (fd < 0)
        return fd;
    int r = lock(base_fd, file, fd, ret_holder, size);
    if (r == 0 && (ftruncate(fd, 0) < 0 || pwrite(fd, id, strlen(id), 0) < 0))
        r = -errno;
    if (r == 0)
        return fd;
    close(fd);
    return r;
}

int fp_runname_claim(int base_fd, const char *name, const char *id, char *ret_holder, size_t size) {
    char file[FP_RUNNAME_MAX + 16];
    *ret_holder = '\0';
    file_of(name, file);
    int r = claim_once(base_fd, file, id, ret_holder, size);
    for (int tries = 0; r == -EAGAIN && tries < TRIES; tries++) {
        poll(NULL, 0, TRY_AGAIN_MS);
        r = claim_once(base_fd, file, id, ret_holder, size);
    }
    return r == -EAGAIN ? -EBUSY : r;
}

void fp_runname_release(int base_fd, const char *name, int fd) {
    char file[FP_RUNNAME_MAX + 16];
    if (fd < 0)
        return;
    file_of(name, file);
    if (is_still(base_fd, file, fd))
        unlinkat(base_fd, file, 0);
    close(fd);
}

void fp_runname_clear(int base_fd, const char *file) {
    int fd = open_regular(base_fd, file, O_RDONLY);
    if (fd < 0)
        return;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 && is_still(base_fd, file, fd))
        unlinkat(base_fd, file, 0);
    close(fd);
}

int fp_runname_read(int base_fd, const char *name, char *ret_id, size_t size) {
    char file[FP_RUNNAME_MAX + 16];
    file_of(name, file);
    int fd = open_regular(base_fd, file, O_RDONLY);
    if (fd < 0)
        return fd == -ENOENT ? -ENOENT : -EINVAL;
    read_id(fd, ret_id, size);
    close(fd);
    return 0;
}
