/* Who holds the ends of what is waited for. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/kcmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "bisect.h"
#include "proc.h"
#include "waits_inner.h"

char *fp_fd_target(pid_t pid, pid_t tid, int fd) {
    char path[80], *target = malloc(PATH_MAX + 1);
    snprintf(path, sizeof path, "/proc/%d/task/%d/fd/%d", (int)pid, (int)tid, fd);
    ssize_t n = target ? readlink(path, target, PATH_MAX) : -1;
    if (n <= 0) {
        free(target);
        return NULL;
    }
    target[n] = '\0';
    return target;
}

/* A server of files that does not answer is not asked. */
bool fp_fifo_key(const char *path, char *ret, size_t size) {
    struct statx stat;
    if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE | STATX_INO, &stat) <
            0 ||
        !S_ISFIFO(stat.stx_mode))
        return false;
    snprintf(ret, size, "fifo:%u:%u:%llu", stat.stx_dev_major, stat.stx_dev_minor,
             (unsigned long long)stat.stx_ino);
    return true;
}

bool fp_lock_key(const char *text, char ret_class[8], int *ret_holder, char *ret, size_t size) {
    unsigned major, minor;
    unsigned long inode;
    if (sscanf(text, "%7s %*s %*s %d %x:%x:%lu", ret_class, ret_holder, &major, &minor, &inode) !=
        5)
        return false;
    bool is_flock = strcmp(ret_class, "FLOCK") == 0;
    if (!is_flock && strcmp(ret_class, "POSIX") != 0 && strcmp(ret_class, "OFDLCK") != 0)
        return false;
    *ret_class = is_flock ? 'F' : 'P';
    snprintf(ret, size, "lock:%c:%x:%x:%lu", *ret_class, major, minor, inode);
    return true;
}

/* What is looked for. */
struct search {
    struct fp_waits *waits;
    const char **keys; /* sorted */
    size_t count;
    bool fifos, locks;
    size_t process;
    pid_t tid;
};

static int compare_texts(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_wanted(const struct search *search, const char *key) {
    return bsearch(&key, search->keys, search->count, sizeof key, compare_texts);
}

static int add_end(const struct search *search, int fd, const char *key, unsigned flags) {
    struct fp_waits *waits = search->waits;
    size_t count = waits->end_count;
    struct fp_end *larger = fp_grow(waits->ends, &count, sizeof *larger);
    if (!larger)
        return -ENOMEM;
    waits->ends = larger;
    waits->end_count = count;
    struct fp_end *end = &larger[count - 1];
    *end = (struct fp_end){.process = search->process, .fd = fd, .flags = flags};
    snprintf(end->key, sizeof end->key, "%s", key);
    bool is_lock = strncmp(key, "lock:", 5) == 0;
    end->reads = is_lock || (flags & O_ACCMODE) != O_WRONLY;
    end->writes = is_lock || (flags & O_ACCMODE) != O_RDONLY;
    return 0;
}

/* "lock:\t1: FLOCK  ADVISORY  WRITE 12 fe:00:34 0 EOF", a line each. */
static int add_locks(const struct search *search, int fd, const char *info, unsigned flags) {
    int r = 0;
    for (const char *at = info; r == 0 && (at = strstr(at, "\nlock:\t"));) {
        char class[8], key[64];
        int holder;
        at += 7;
        const char *text = at + strspn(at, "0123456789: ");
        if (fp_lock_key(text, class, &holder, key, sizeof key) && is_wanted(search, key))
            r = add_end(search, fd, key, flags);
    }
    return r;
}

static char *read_info(pid_t pid, pid_t tid, int fd, unsigned *ret_flags) {
    char path[80], *text;
    size_t length;
    snprintf(path, sizeof path, "/proc/%d/task/%d/fdinfo/%d", (int)pid, (int)tid, fd);
    if (fp_proc_slurp(path, &text, &length) < 0)
        return NULL;
    const char *at = strstr(text, "flags:\t");
    *ret_flags = at ? (unsigned)strtoul(at + 7, NULL, 8) : O_RDWR;
    return text;
}

static int consider(int fd, void *data) {
    const struct search *search = data;
    pid_t pid = search->waits->processes[search->process].pid;
    char path[80], key[64] = "", *target = fp_fd_target(pid, search->tid, fd);
    unsigned long inode;
    if (!target)
        return 0;
    snprintf(path, sizeof path, "/proc/%d/task/%d/fd/%d", (int)pid, (int)search->tid, fd);
    bool is_path = *target == '/';
    if (sscanf(target, "pipe:[%lu]", &inode) == 1)
        snprintf(key, sizeof key, "pipe:%lu", inode);
    else if (is_path && search->fifos)
        (void)fp_fifo_key(path, key, sizeof key);
    free(target);
    bool is_end = *key && is_wanted(search, key);
    if (!is_end && (!is_path || !search->locks))
        return 0;
    unsigned flags;
    char *info = read_info(pid, search->tid, fd, &flags);
    if (!info)
        return 0;
    int r = 0;
    if (is_end && !(flags & O_PATH))
        r = add_end(search, fd, key, flags);
    else if (!is_end)
        r = add_locks(search, fd, info, flags);
    free(info);
    return r;
}

static int list_table(struct search *search, pid_t tid) {
    struct fp_looked *process = &search->waits->processes[search->process];
    char path[64];
    search->tid = tid;
    snprintf(path, sizeof path, "/proc/%d/task/%d/fd", (int)process->pid, (int)tid);
    int r = fp_each_number(path, consider, search);
    if (r == -EACCES || r == -EPERM)
        process->is_closed = true;
    return r == -ENOMEM ? r : 0;
}

/* A thread may have a table of its own (unshare); the first may have ended before the others. */
static int list_tables(struct search *search, size_t i) {
    const struct fp_looked *process = &search->waits->processes[i];
    search->process = i;
    if (!process->is_member)
        return list_table(search, process->pid);
    int r = 0;
    for (size_t n = 0; r == 0 && n < process->count; n++) {
        const struct fp_wait *waits = &search->waits->waits[process->first];
        if (n > 0 && syscall(SYS_kcmp, waits[0].tid, waits[n].tid, KCMP_FILES, 0, 0) == 0)
            continue;
        r = list_table(search, waits[n].tid);
    }
    return r;
}

static int by_key(const void *a, const void *b) {
    const struct fp_end *x = a, *y = b;
    int r = strcmp(x->key, y->key);
    if (r != 0)
        return r;
    return x->process != y->process ? (x->process > y->process) - (x->process < y->process)
                                    : (x->fd > y->fd) - (x->fd < y->fd);
}

size_t fp_waits_first_end(const struct fp_waits *waits, const char *key) {
    return FP_BISECT(i, waits->end_count, strcmp(waits->ends[i].key, key) < 0);
}

/* A fifo held open for reading and writing at once is one that strangers are meant to write to. */
static void mark_idioms(struct fp_waits *waits) {
    for (size_t i = 0; i < waits->wait_count; i++) {
        struct fp_wait *wait = &waits->waits[i];
        if (wait->kind != FP_WAIT_READ || strncmp(wait->key, "fifo:", 5) != 0)
            continue;
        for (size_t n = fp_waits_first_end(waits, wait->key);
             n < waits->end_count && strcmp(waits->ends[n].key, wait->key) == 0; n++) {
            const struct fp_end *end = &waits->ends[n];
            if (end->process == wait->process && end->fd == wait->fd && end->writes)
                wait->is_idiom = true;
        }
    }
}

int fp_waits_find_ends(struct fp_waits *waits) {
    struct search search = {.waits = waits};
    search.keys = calloc(waits->wait_count + 1, sizeof *search.keys);
    if (!search.keys)
        return -ENOMEM;
    for (size_t i = 0; i < waits->wait_count; i++) {
        const char *key = waits->waits[i].key;
        if (waits->waits[i].kind == FP_WAIT_OTHER || !*key)
            continue;
        search.keys[search.count++] = key;
        search.fifos |= strncmp(key, "fifo:", 5) == 0;
        search.locks |= strncmp(key, "lock:", 5) == 0;
    }
    qsort(search.keys, search.count, sizeof *search.keys, compare_texts);
    int r = 0;
    for (size_t i = 0; r == 0 && search.count && i < waits->process_count; i++)
        if (waits->processes[i].is_alive)
            r = list_tables(&search, i);
    free(search.keys);
    if (waits->end_count)
        qsort(waits->ends, waits->end_count, sizeof *waits->ends, by_key);
    if (r == 0)
        mark_idioms(waits);
    return r;
}

/*
 * A copy of the descriptor is asked, for a moment. Opening the pipe anew would make us one of its
 * readers, and let go of who waits to open a fifo.
 */
static long measure(pid_t pid, const struct fp_wait *wait, long *ret_capacity) {
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pidfd < 0)
        return -errno;
    int fd = (int)syscall(SYS_pidfd_getfd, pidfd, wait->fd, 0);
    long r = fd < 0 ? -errno : 0;
    close(pidfd);
    if (fd < 0)
        return r;
    struct stat stat;
    const char *inode = strrchr(wait->key, ':');
    int queued = 0;
    if (!inode || fstat(fd, &stat) < 0 || !S_ISFIFO(stat.st_mode) ||
        stat.st_ino != strtoul(inode + 1, NULL, 10))
        r = -ESTALE;
    else if (ioctl(fd, FIONREAD, &queued) < 0)
        r = -errno;
    else {
        r = queued;
        *ret_capacity = fcntl(fd, F_GETPIPE_SZ);
    }
    close(fd);
    return r;
}

void fp_wait_measure(const struct fp_waits *waits, struct fp_wait *wait) {
    if (wait->kind == FP_WAIT_READ || wait->kind == FP_WAIT_WRITE)
        wait->queued = measure(waits->processes[wait->process].pid, wait, &wait->capacity);
}
