/* The rung that forks cannot outrun: a cgroup (v2) of the run's own. */
#include "contain/contain.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fds.h"
#include "proc.h"
#include "rundir.h"
#include "values.h"

/* Long enough for any member that can be stopped at all. */
#define FREEZE_NS FP_SECOND

/* mountinfo writes blanks and the like as \\ooo. */
static void unescape(char *text) {
    char *to = text;
    for (char *from = text; *from; to++) {
        unsigned byte;
        if (from[0] == '\\' && sscanf(from + 1, "%3o", &byte) == 1) {
            *to = (char)byte;
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
}

/* "36 35 0:31 ROOT POINT options… - cgroup2 …": allocated, or -ENOENT for another line. */
static int parse_mount(char *line, char **ret_point, char **ret_root) {
    char *save = NULL, *field[5];
    if (!strstr(line, " - cgroup2 "))
        return -ENOENT;
    for (int i = 0; i < 5; i++, line = NULL)
        if (!(field[i] = strtok_r(line, " ", &save)))
            return -ENOENT;
    unescape(field[3]);
    unescape(field[4]);
    char *root = strdup(field[3]), *point = strdup(field[4]);
    if (root && point) {
        *ret_root = root;
        *ret_point = point;
        return 0;
    }
    free(root);
    free(point);
    return -ENOMEM;
}

/* Where a cgroup2 file system is mounted, and which part of it. */
static int find_mount(char **ret_point, char **ret_root) {
    char *text, *save = NULL;
    size_t length;
    int r = fp_proc_slurp("/proc/self/mountinfo", &text, &length);
    if (r < 0)
        return r;
    r = -ENOENT;
    for (char *line = strtok_r(text, "\n", &save); line && r == -ENOENT;
         line = strtok_r(NULL, "\n", &save))
        r = parse_mount(line, ret_point, ret_root);
    free(text);
    return r;
}

/* The directory of our own cgroup, and its path as /proc shows it. */
static int find_own(struct fp_contain *c, char **ret_directory, char **ret_path) {
    char path[2048];
    char *point = NULL, *root = NULL;
    int r = fp_proc_cgroup(getpid(), path, sizeof path);
    if (r < 0)
        return fp_contain_fail(c, -r, "no cgroup2 in /proc/self/cgroup");
    r = find_mount(&point, &root);
    if (r < 0)
        return fp_contain_fail(c, -r, "no cgroup2 is mounted");
    size_t skip = strcmp(root, "/") == 0 ? 0 : strlen(root);
    if (strncmp(path, root, skip) != 0 || strncmp(path, "/..", 3) == 0)
        r = fp_contain_fail(c, EXDEV, "our cgroup lies outside what is mounted");
    else if (asprintf(ret_directory, "%s%s", point, path + skip) < 0 || !(*ret_path = strdup(path)))
        r = fp_contain_fail(c, ENOMEM, "cgroup");
    free(point);
    free(root);
    return r;
}

int fp_cgroup_open_file(const char *directory, const char *name, int flags) {
    char *path;
    if (asprintf(&path, "%s/%s", directory, name) < 0)
        return -ENOMEM;
    int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW);
    int error = errno;
    free(path);
    return fd < 0 ? -error : fd;
}

static int write_text(int fd, const char *text) {
    return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

static void cgroup_close(struct fp_contain *c);

void fp_cgroup_remove_abandoned(const char *own) {
    DIR *dir = opendir(own);
    if (!dir)
        return;
    for (struct dirent *e; (e = readdir(dir));)
        if (strncmp(e->d_name, FP_CGROUP_PREFIX, strlen(FP_CGROUP_PREFIX)) == 0 &&
            fp_rundir_id_is_dead(e->d_name + strlen(FP_CGROUP_PREFIX)))
            unlinkat(dirfd(dir), e->d_name, AT_REMOVEDIR);
    closedir(dir);
}

static int cgroup_open(struct fp_contain *c, const char *run_id) {
    char *own = NULL, *path = NULL;
    int r = find_own(c, &own, &path);
    if (r < 0 || !own || !path) {
        free(own);
        free(path);
        return r < 0 ? r : -ENOMEM;
    }
    fp_cgroup_remove_abandoned(own);
    const char *slash = own[strlen(own) - 1] == '/' ? "" : "/";
    const char *path_slash = strcmp(path, "/") == 0 ? "" : "/";
    if (asprintf(&c->directory, "%s%s" FP_CGROUP_PREFIX "%s", own, slash, run_id) < 0 ||
        asprintf(&c->path, "%s%s" FP_CGROUP_PREFIX "%s", path, path_slash, run_id) < 0)
        r = fp_contain_fail(c, ENOMEM, "cgroup");
    else if (mkdir(c->directory, 0755) < 0)
        r = fp_contain_fail(c, errno, own);
    free(own);
    free(path);
    if (r < 0)
        return r;
    c->procs_fd = fp_cgroup_open_file(c->directory, "cgroup.procs", O_RDWR);
    c->events_fd = fp_cgroup_open_file(c->directory, "cgroup.events", O_RDONLY);
    c->kill_fd = fp_cgroup_open_file(c->directory, "cgroup.kill", O_WRONLY);
    if (c->procs_fd >= 0 && c->events_fd >= 0)
        return 0;
    r = fp_contain_fail(c, c->procs_fd < 0 ? -c->procs_fd : -c->events_fd, c->directory);
    cgroup_close(c);
    return r;
}

static int cgroup_enter(struct fp_contain *c, pid_t pid) {
    char text[16];
    snprintf(text, sizeof text, "%d", (int)pid);
    return write_text(c->procs_fd, text);
}

static bool cgroup_holds(const struct fp_contain *c, pid_t pid) {
    char path[2048];
    size_t length = strlen(c->path);
    return fp_proc_cgroup(pid, path, sizeof path) == 0 && strncmp(path, c->path, length) == 0 &&
           (path[length] == '\0' || path[length] == '/');
}

typedef int (*visit)(const char *directory, void *data);

/*
 * Bottom-up, so that what is visited may be removed: also one that no descriptor is left to look
 * into.
 */
static int for_each_below(const char *directory, visit act, void *data) {
    DIR *dir = opendir(directory);
    int r = dir ? 0 : -errno;
    for (struct dirent *e; dir && r >= 0 && (e = readdir(dir));) {
        char *path;
        if (e->d_type != DT_DIR || e->d_name[0] == '.')
            continue;
        if (asprintf(&path, "%s/%s", directory, e->d_name) < 0)
            break;
        r = for_each_below(path, act, data);
        free(path);
    }
    if (dir)
        closedir(dir);
    int own = act(directory, data);
    return r < 0 ? r : own;
}

/* Calls act for each pid in the cgroup itself. */
static int for_each_pid(const char *directory, int (*act)(pid_t, void *), void *data) {
    char *path, *text;
    size_t length;
    if (asprintf(&path, "%s/cgroup.procs", directory) < 0)
        return -ENOMEM;
    int r = fp_proc_slurp(path, &text, &length);
    free(path);
    if (r < 0)
        return 0; /* removed meanwhile, or threaded: its processes show in the parent */
    for (char *at = text, *end; r == 0; at = end) {
        long pid = strtol(at, &end, 10);
        if (end == at)
            break;
        r = act((pid_t)pid, data);
    }
    free(text);
    return r;
}

static int add_member(pid_t pid, void *members) {
    struct fp_proc_stat stat;
    if (pid <= 1 || fp_members_find(members, pid) || fp_proc_stat(pid, &stat) < 0 ||
        !fp_proc_alive(&stat))
        return 0;
    return fp_members_add(members, &stat);
}

static int add_members(const char *directory, void *members) {
    return for_each_pid(directory, add_member, members);
}

static int cgroup_list(const struct fp_contain *c, struct fp_members *members) {
    return for_each_below(c->directory, add_members, members);
}

static int write_freeze(const struct fp_contain *c, const char *text) {
    int fd = fp_cgroup_open_file(c->directory, "cgroup.freeze", O_WRONLY);
    if (fd < 0)
        return fd == -ENOENT ? -EOPNOTSUPP : fd;
    int r = write_text(fd, text);
    close(fd);
    return r;
}

/* Without cgroup.kill (before 5.14): frozen members cannot fork; the walk then ends each. */
static int cgroup_kill_all(struct fp_contain *c) {
    if (c->kill_fd >= 0)
        return write_text(c->kill_fd, "1");
    (void)write_freeze(c, "1");
    return -EOPNOTSUPP;
}

/* Only when it is empty can it be removed, which nobody but a member or an administrator does. */
static const char *cgroup_lost(const struct fp_contain *c) {
    char byte;
    return pread(c->events_fd, &byte, 1, 0) == 1 ? NULL : "the cgroup was removed meanwhile";
}

static bool events_tell(const struct fp_contain *c, const char *what) {
    char text[256];
    ssize_t n = pread(c->events_fd, text, sizeof text - 1, 0);
    if (n <= 0)
        return false;
    text[n] = '\0';
    return strstr(text, what) != NULL;
}

static bool cgroup_populated(const struct fp_contain *c) {
    return events_tell(c, "populated 1");
}

/* A member that sleeps in the kernel without end stops when it comes out of it. */
static int cgroup_freeze(struct fp_contain *c, bool still) {
    int64_t deadline = fp_now() + FREEZE_NS;
    int r = write_freeze(c, still ? "1" : "0");
    while (r == 0 && still && !events_tell(c, "frozen 1")) {
        if (fp_now() > deadline)
            return -ETIMEDOUT;
        poll(&(struct pollfd){.fd = c->events_fd, .events = POLLPRI}, 1, 20);
    }
    return r;
}

/* Where our own processes are. */
static int open_parent(const char *directory) {
    char *parent = strdup(directory);
    if (!parent)
        return -ENOMEM;
    *strrchr(parent, '/') = '\0';
    int fd = fp_cgroup_open_file(parent, "cgroup.procs", O_WRONLY);
    free(parent);
    return fd;
}

static int cgroup_release(struct fp_contain *c, pid_t pid) {
    char text[16];
    int fd = open_parent(c->directory);
    if (fd < 0)
        return fd;
    snprintf(text, sizeof text, "%d", (int)pid);
    int r = write_text(fd, text);
    close(fd);
    return r;
}

struct freeing {
    int parent_fd;
};

static int free_pid(pid_t pid, void *data) {
    char text[16];
    snprintf(text, sizeof text, "%d", (int)pid);
    (void)write_text(((struct freeing *)data)->parent_fd, text);
    return 0;
}

/* rmdir refuses while a zombie is being released; those go by themselves within a moment. */
static int free_and_remove(const char *directory, void *data) {
    for (int attempt = 0; attempt < 250 && rmdir(directory) < 0 && errno == EBUSY; attempt++) {
        (void)for_each_pid(directory, free_pid, data); /* without memory waiting must do */
        if (attempt > 1)
            poll(NULL, 0, 2);
    }
    return 0;
}

void fp_cgroup_remove(const char *directory) {
    struct freeing freeing = {open_parent(directory)};
    (void)for_each_below(directory, free_and_remove, &freeing);
    fp_fds_close(&freeing.parent_fd);
}

static void cgroup_close(struct fp_contain *c) {
    fp_cgroup_remove(c->directory);
    fp_fds_close(&c->procs_fd);
    fp_fds_close(&c->kill_fd);
    fp_fds_close(&c->events_fd);
}

void fp_cgroup_remove_stale(const char *directory, const char *run_id) {
    const char *name = strrchr(directory, '/');
    if (!name || strncmp(name + 1, FP_CGROUP_PREFIX, strlen(FP_CGROUP_PREFIX)) != 0 ||
        strcmp(name + 1 + strlen(FP_CGROUP_PREFIX), run_id) != 0)
        return;
    rmdir(directory);
}

const struct fp_contain_ops fp_contain_cgroup = {
    .rung = FP_RUNG_CGROUP,
    .name = "cgroup",
    .escapes = "processes that a service outside the run starts on a member's request; a member "
               "that moves itself to another cgroup is still found by the walk",
    .open = cgroup_open,
    .enter = cgroup_enter,
    .list = cgroup_list,
    .holds = cgroup_holds,
    .kill_all = cgroup_kill_all,
    .freeze = cgroup_freeze,
    .release = cgroup_release,
    .lost = cgroup_lost,
    .populated = cgroup_populated,
    .close = cgroup_close,
};
