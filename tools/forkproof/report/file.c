#include "report/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fds.h"
#include "run.h"
#include "say.h"

/* The descriptor that a name such as /dev/stderr or /dev/fd/7 stands for; -1 for other names. */
static int named_descriptor(const char *path) {
    static const char *const prefixes[] = {"/dev/fd/", "/proc/self/fd/"};
    static const char *const names[] = {"/dev/stdin", "/dev/stdout", "/dev/stderr"};
    for (int i = 0; i < 3; i++)
        if (strcmp(path, names[i]) == 0)
            return i;
    for (size_t i = 0; i < 2; i++) {
        size_t n = strlen(prefixes[i]);
        char *end;
        if (strncmp(path, prefixes[i], n) != 0 || path[n] == '\0')
            continue;
        long fd = strtol(path + n, &end, 10);
        return *end == '\0' && fd >= 0 && fd < 1 << 30 ? (int)fd : -1;
    }
    return -1;
}

/* Of a FIFO. */
static int wait_for_reader(struct fp_report_file *file, const char *path) {
    file->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    return file->fd < 0 ? -errno : 0;
}

static int open_descriptor(struct fp_report_file *file, int fd) {
    int flags = fcntl(fd, F_GETFL);
    if (flags >= 0 && (flags & O_ACCMODE) == O_RDONLY)
        return -EBADF;
    file->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    return file->fd < 0 ? -errno : 0;
}

static int split(const char *path, struct fp_report_file *file) {
    const char *slash = strrchr(path, '/');
    char *directory = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    if (!directory)
        return -ENOMEM;
    file->name = strdup(slash ? slash + 1 : path);
    file->dir_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = file->dir_fd < 0 ? -errno : 0;
    free(directory);
    return file->name ? r : -ENOMEM;
}

static int open_interim(struct fp_report_file *file, const char *run_id) {
    if (asprintf(&file->interim, ".%.200s.%s", file->name, run_id) < 0) {
        file->interim = NULL;
        return -ENOMEM;
    }
    file->fd = openat(file->dir_fd, file->interim,
                      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file->fd >= 0)
        return 0;
    int error = errno;
    free(file->interim);
    file->interim = NULL;
    return -error;
}

/* Whether the name still is that of the file that was opened, not a link that leads to it. */
static bool is_named(const struct fp_report_file *file, const struct stat *opened) {
    struct stat st;
    return fstatat(file->dir_fd, file->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           st.st_dev == opened->st_dev && st.st_ino == opened->st_ino;
}

/* there: what is to be replaced, NULL when there is nothing. */
static int open_beside(struct fp_report_file *file, const char *path, const struct stat *there,
                       const char *run_id) {
    int r = split(path, file);
    if (r == 0)
        r = there && !is_named(file, there) ? -ESTALE : open_interim(file, run_id);
    if (r < 0) {
        fp_fds_close(&file->dir_fd);
        return r;
    }
    mode_t mask = umask(0);
    umask(mask);
    /* Another user may have put a file there for its mode. */
    bool is_own = there && there->st_uid == geteuid();
    file->mode = is_own ? there->st_mode & 0777 : 0666 & ~mask;
    return 0;
}

/* The file itself, not a link that leads to it. */
static bool replace(struct fp_report_file *file, const char *path, const struct stat *there,
                    const char *run_id) {
    char *real = realpath(path, NULL);
    bool done = real && open_beside(file, real, there, run_id) == 0;
    free(real);
    return done;
}

/*
 * The file that the kernel lets us open is the one, whatever its name leads to a moment later. One
 * in a directory that is not ours is written as it is: there is no place beside it.
 */
static int open_path(struct fp_report_file *file, const char *path, const char *run_id) {
    struct stat st;
    int fd = named_descriptor(path);
    if (fd >= 0)
        return open_descriptor(file, fd);
    fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return open_beside(file, path, NULL, run_id);
    if (fd < 0)
        return errno == ENXIO ? wait_for_reader(file, path) : -errno;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && replace(file, path, &st, run_id)) {
        close(fd);
        return 0;
    }
    (void)fcntl(fd, F_SETFL, 0);
    file->fd = fd;
    return 0;
}

int fp_report_open_as(struct fp_report_file *file, const char *what, const char *path,
                      const char *run_id) {
    *file = (struct fp_report_file){.fd = -1, .dir_fd = -1};
    int r = path ? open_path(file, path, run_id) : 0;
    if (r < 0)
        fp_say("cannot write the %s %s: %s", what, path, strerror(-r));
    return r;
}

int fp_report_open(struct fp_report_file *file, const char *path, const char *run_id) {
    return fp_report_open_as(file, "report", path, run_id);
}

void fp_report_empty(struct fp_report_file *file) {
    struct stat st;
    if (file->dir_fd < 0 && fstat(file->fd, &st) == 0 && S_ISREG(st.st_mode) &&
        lseek(file->fd, 0, SEEK_CUR) == 0 && !(fcntl(file->fd, F_GETFL) & O_APPEND))
        (void)!ftruncate(file->fd, 0);
}

int fp_report_place(struct fp_report_file *file) {
    if (file->dir_fd < 0)
        return 0;
    (void)fchmod(file->fd, file->mode);
    return renameat(file->dir_fd, file->interim, file->dir_fd, file->name) < 0 ? -errno : 0;
}

int fp_report_commit(struct fp_report_file *file, const char *text) {
    fp_report_empty(file);
    int r = fp_fds_write(file->fd, text, strlen(text));
    return r < 0 ? r : fp_report_place(file);
}

void fp_report_discard(struct fp_report_file *file) {
    if (file->dir_fd >= 0 && file->interim)
        unlinkat(file->dir_fd, file->interim, 0);
}

void fp_report_write(struct fp_run *run) {
    if (run->report.fd < 0)
        return;
    char *text = fp_report_json(run);
    int r = text ? fp_report_commit(&run->report, text) : -ENOMEM;
    if (r < 0) {
        fp_say("cannot write the report %s: %s", run->cli.report, strerror(-r));
        fp_report_discard(&run->report);
    }
    free(text);
}
