#include "proc.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#define EXITS 0x4U /* PF_EXITING, in the flags of a stat */

const char *fp_proc_problem(void) {
    struct statfs fs;
    char self[32];
    if (statfs("/proc", &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
        return "/proc is not mounted";
    ssize_t n = readlink("/proc/self", self, sizeof self - 1);
    if (n <= 0)
        return "/proc does not show this process: it belongs to another pid namespace";
    self[n] = '\0';
    if (atoi(self) != getpid())
        return "/proc belongs to another pid namespace";
    return NULL;
}

/* Up to size - 1 bytes and a NUL. */
static ssize_t read_some(const char *path, char *ret, size_t size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    size_t used = 0;
    ssize_t n = 0;
    while (used < size - 1 && (n = read(fd, ret + used, size - 1 - used)) > 0)
        used += (size_t)n;
    int error = n < 0 ? errno : 0;
    close(fd);
    ret[used] = '\0';
    return error ? -error : (ssize_t)used;
}

int fp_proc_slurp(const char *path, char **ret_text, size_t *ret_length) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    size_t used = 0, size = 4096;
    char *text = malloc(size);
    ssize_t n = 0;
    int error = text ? 0 : ENOMEM;
    while (!error && (n = read(fd, text + used, size - used - 1)) > 0) {
        used += (size_t)n;
        if (used < size - 1)
            continue;
        char *larger = realloc(text, size *= 2);
        if (larger)
            text = larger;
        else
            error = ENOMEM;
    }
    if (!error && n < 0)
        error = errno;
    close(fd);
    if (error) {
        free(text);
        return -error;
    }
    text[used] = '\0';
    *ret_text = text;
    *ret_length = used;
    return 0;
}

int fp_proc_lists_children(void) {
    char path[80];
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)getpid(), (int)getpid());
    return access(path, R_OK) < 0 ? -errno : 0;
}

int fp_proc_parse_stat(const char *text, struct fp_proc_stat *ret) {
    const char *open_paren = strchr(text, '(');
    const char *close_paren = strrchr(text, ')');
    if (!open_paren || !close_paren || close_paren < open_paren)
        return -EINVAL;
    size_t length = (size_t)(close_paren - open_paren - 1);
    if (length >= sizeof ret->comm)
        length = sizeof ret->comm - 1;
    memcpy(ret->comm, open_paren + 1, length);
    ret->comm[length] = '\0';
    char state = 0;
    int pid = 0, ppid = 0, pgrp = 0;
    uint64_t in_user = 0, in_kernel = 0;
    if (sscanf(text, "%d", &pid) != 1 || sscanf(close_paren + 1,
                                                " %c %d %d %*d %*d %*d %u %*u %*u %*u %*u %" SCNu64
                                                " %" SCNu64 " %*d %*d %*d %*d %ld %*d %" SCNu64,
                                                &state, &ppid, &pgrp, &ret->flags, &in_user,
                                                &in_kernel, &ret->threads, &ret->start) != 8)
        return -EINVAL;
    ret->pid = pid;
    ret->ppid = ppid;
    ret->pgrp = pgrp;
    ret->state = state;
    ret->ticks = in_user + in_kernel;
    return 0;
}

/* One read gives a stat whole; a second, to see the end, would cost as much again. */
static ssize_t read_once(const char *path, char *ret, size_t size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t n = read(fd, ret, size - 1);
    int error = errno;
    close(fd);
    ret[n > 0 ? n : 0] = '\0';
    return n < 0 ? -error : n;
}

static int read_stat(const char *path, struct fp_proc_stat *ret) {
    char text[1024];
    ssize_t n = read_once(path, text, sizeof text);
    if (n == -ENOENT || n == 0)
        return -ESRCH;
    return n < 0 ? (int)n : fp_proc_parse_stat(text, ret);
}

int fp_proc_stat(pid_t pid, struct fp_proc_stat *ret) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    return read_stat(path, ret);
}

int fp_proc_newest(pid_t *ret) {
    char text[128];
    ssize_t n = read_once("/proc/loadavg", text, sizeof text);
    const char *last = n > 0 ? strrchr(text, ' ') : NULL;
    if (!last)
        return n < 0 ? (int)n : -EINVAL;
    *ret = atoi(last);
    return 0;
}

bool fp_proc_alive(const struct fp_proc_stat *stat) {
    return (stat->state != 'Z' && stat->state != 'X') || stat->threads > 1;
}

size_t fp_proc_argv(pid_t pid, char *ret, size_t size) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
    ssize_t n = read_some(path, ret, size);
    return n > 0 ? (size_t)n : 0;
}

static uint64_t mask_after(const char *text, const char *name) {
    const char *at = strstr(text, name);
    return at ? strtoull(at + strlen(name), NULL, 16) : 0;
}

static int read_pending(const char *path, uint64_t *ret_set) {
    char text[3000];
    ssize_t n = read_some(path, text, sizeof text);
    if (n < 0)
        return (int)n;
    *ret_set = mask_after(text, "\nSigPnd:") | mask_after(text, "\nShdPnd:");
    return 0;
}

int fp_proc_pending(pid_t pid, uint64_t *ret_set) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    return read_pending(path, ret_set);
}

/* --- what all threads do --- */

static bool is_gone(int error) {
    return error == -ESRCH || error == -ENOENT;
}

static bool thread_is_ending(pid_t pid, pid_t tid) {
    char path[80];
    struct fp_proc_stat stat;
    uint64_t pending;
    snprintf(path, sizeof path, "/proc/%d/task/%d/stat", (int)pid, (int)tid);
    int r = read_stat(path, &stat);
    if (r < 0 || stat.flags & EXITS)
        return r == 0 || is_gone(r);
    snprintf(path, sizeof path, "/proc/%d/task/%d/status", (int)pid, (int)tid);
    r = read_pending(path, &pending);
    return r < 0 ? is_gone(r) : pending >> (SIGKILL - 1) & 1;
}

static bool thread_is_resting(pid_t pid, pid_t tid) {
    char path[80];
    struct fp_proc_stat stat;
    snprintf(path, sizeof path, "/proc/%d/task/%d/stat", (int)pid, (int)tid);
    return read_stat(path, &stat) < 0 || stat.state != 'R';
}

/* True of a process that is gone. */
static bool holds_for_threads(pid_t pid, bool is_so(pid_t pid, pid_t tid)) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *dir = opendir(path);
    if (!dir)
        return is_gone(-errno);
    bool holds = true;
    for (struct dirent *e; holds && (e = readdir(dir));)
        holds = !isdigit((unsigned char)e->d_name[0]) || is_so(pid, atoi(e->d_name));
    closedir(dir);
    return holds;
}

bool fp_proc_is_ending(pid_t pid) {
    return holds_for_threads(pid, thread_is_ending);
}

bool fp_proc_is_running(pid_t pid) {
    return !holds_for_threads(pid, thread_is_resting);
}

int fp_proc_cgroup(pid_t pid, char *ret, size_t size) {
    char path[64];
    char *text;
    size_t length;
    snprintf(path, sizeof path, "/proc/%d/cgroup", (int)pid);
    int r = fp_proc_slurp(path, &text, &length);
    if (r < 0)
        return r;
    const char *at = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
    r = -ENOENT;
    if (at) {
        at += *at == '\n' ? 4 : 3;
        size_t n = strcspn(at, "\n");
        r = n < size ? 0 : -ENAMETOOLONG;
        if (r == 0) {
            memcpy(ret, at, n);
            ret[n] = '\0';
        }
    }
    free(text);
    return r;
}

bool fp_proc_has_env(pid_t pid, const char *pair) {
    char path[64];
    char *text = NULL;
    size_t length = 0;
    snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
    if (fp_proc_slurp(path, &text, &length) < 0)
        return false;
    bool found = false;
    for (size_t i = 0; i < length && !found; i += strlen(text + i) + 1)
        found = strcmp(text + i, pair) == 0;
    free(text);
    return found;
}
