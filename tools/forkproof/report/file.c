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

static int open_directly(struct fp_report_file *file, const char *path) {
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

/* A file of ours in a directory that is not: then there is no place beside it. */
static int fall_back(struct fp_report_file *file, const char *path, int error) {
    close(file->dir_fd);
    file->dir_fd = -1;
    return access(path, W_OK) == 0 ? open_directly(file, path) : -error;
}

/* mode: of the file that is to be replaced, 0 when there is none. */
static int open_beside(struct fp_report_file *file, const char *path, mode_t mode,
                       const char *run_id) {
    int r = split(path, file);
    if (r < 0)
        return r;
    if (asprintf(&file->interim, ".%.200s.%s", file->name, run_id) < 0) {
        file->interim = NULL;
        return -ENOMEM;
    }
    file->fd = openat(file->dir_fd, file->interim,
                      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (file->fd < 0) {
        r = fall_back(file, path, errno);
        free(file->interim);
        file->interim = NULL;
        return r;
    }
    if (mode)
        (void)fchmod(file->fd, mode & 0777);
    return 0;
}

static int open_path(struct fp_report_file *file, const char *path, const char *run_id) {
    struct stat st;
    int fd = named_descriptor(path);
    if (fd >= 0)
        return open_descriptor(file, fd);
    if (stat(path, &st) < 0)
        return errno == ENOENT ? open_beside(file, path, 0, run_id) : -errno;
    if (S_ISDIR(st.st_mode))
        return -EISDIR;
    if (!S_ISREG(st.st_mode))
        return open_directly(file, path);
    if (access(path, W_OK) < 0)
        return -errno;
    /* The file itself is replaced, not a link that leads to it. */
    char *real = realpath(path, NULL);
    int r = real ? open_beside(file, real, st.st_mode, run_id) : -errno;
    free(real);
    return r;
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
    bool is_beside = file->dir_fd >= 0;
    return is_beside && renameat(file->dir_fd, file->interim, file->dir_fd, file->name) < 0 ? -errno
                                                                                            : 0;
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
