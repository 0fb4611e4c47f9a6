/* What a thread's system call waits for: from its number and arguments. */
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clone.h"
#include "proc.h"
#include "waits_inner.h"

/*
 * The numbers are those of this build only where the image has the same word size. A stack or code
 * above 4 GiB is none of a 32-bit image; that both are below may be one.
 */
static bool is_our_abi(const struct fp_wait *wait) {
    bool is_wide = (wait->at[6] | wait->at[7]) >> 32 != 0;
    return sizeof(long) == 8 ? is_wide : !is_wide;
}

/* Of a pipe or fifo: else the wait is not followed. */
static void on_pipe(struct fp_wait *wait, pid_t pid, enum fp_wait_kind kind) {
    char path[80];
    int fd = (int)wait->at[0];
    char *target = fp_fd_target(pid, wait->tid, fd);
    if (!target)
        return;
    snprintf(path, sizeof path, "/proc/%d/task/%d/fd/%d", (int)pid, (int)wait->tid, fd);
    unsigned long inode;
    if (sscanf(target, "pipe:[%lu]", &inode) == 1)
        snprintf(wait->key, sizeof wait->key, "pipe:%lu", inode);
    else if (*target != '/' || !fp_fifo_key(path, wait->key, sizeof wait->key)) {
        free(target);
        return;
    }
    wait->fd = fd;
    wait->object = target;
    wait->kind = kind;
}

/* A string of the process, to be freed; NULL when it is not there, or longer than a path can be. */
static char *read_string(pid_t pid, uint64_t address) {
    char path[64], *text = malloc(PATH_MAX);
    snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = text && fd >= 0 ? pread(fd, text, PATH_MAX, (off_t)address) : -1;
    if (fd >= 0)
        close(fd);
    if (n > 0 && memchr(text, '\0', (size_t)n))
        return text;
    free(text);
    return NULL;
}

/* An open that waits is one of a fifo whose other end nobody has open. */
static void on_open(struct fp_wait *wait, pid_t pid, int directory, uint64_t name, int flags) {
    int mode = flags & O_ACCMODE, n;
    char *path, *text = mode == O_RDWR ? NULL : read_string(pid, name);
    if (!text)
        return;
    if (*text == '/')
        n = asprintf(&path, "/proc/%d/root%s", (int)pid, text);
    else if (directory == AT_FDCWD)
        n = asprintf(&path, "/proc/%d/cwd/%s", (int)pid, text);
    else
        n = asprintf(&path, "/proc/%d/fd/%d/%s", (int)pid, directory, text);
    if (n < 0 || !fp_fifo_key(path, wait->key, sizeof wait->key)) {
        free(text);
    } else {
        wait->object = text;
        wait->kind = mode == O_WRONLY ? FP_WAIT_OPEN_WRITE : FP_WAIT_OPEN_READ;
    }
    if (n >= 0)
        free(path);
}

static void on_children(struct fp_wait *wait, int type, id_t id) {
    wait->kind = FP_WAIT_CHILD;
    wait->child_type = type;
    wait->child = id;
}

static void on_wait4(struct fp_wait *wait) {
    int pid = (int)wait->at[0];
    if (pid == -1)
        on_children(wait, P_ALL, 0);
    else if (pid > 0)
        on_children(wait, P_PID, (id_t)pid);
    else
        on_children(wait, P_PGID, (id_t)-pid);
}

/* A pidfd is not followed to its process: any child of the waiter may be the one. */
static void on_waitid(struct fp_wait *wait) {
    int type = (int)wait->at[0];
    on_children(wait, type == P_PID || type == P_PGID ? type : P_ALL, (id_t)wait->at[1]);
}

/* As /proc/locks has it: of the descriptor's own file system, where stat may tell another. */
static bool inode_of(pid_t pid, pid_t tid, int fd, uint64_t *ret) {
    char path[80], *text;
    size_t length;
    struct statx stat;
    snprintf(path, sizeof path, "/proc/%d/task/%d/fdinfo/%d", (int)pid, (int)tid, fd);
    if (fp_proc_slurp(path, &text, &length) < 0)
        return false;
    const char *at = strstr(text, "\nino:\t");
    if (at)
        *ret = strtoull(at + 6, NULL, 10);
    free(text);
    if (at)
        return true;
    snprintf(path, sizeof path, "/proc/%d/task/%d/fd/%d", (int)pid, (int)tid, fd);
    if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_INO, &stat) < 0)
        return false;
    *ret = stat.stx_ino;
    return true;
}

/* "1: -> FLOCK  ADVISORY  WRITE 12 fe:00:34 0 EOF": a lock that is waited for. */
static bool is_awaited(const char *line, pid_t pid, char family, uint64_t inode, char *ret_key,
                       size_t size) {
    const char *arrow = strstr(line, "-> ");
    char class[8], found[64];
    int holder;
    if (!arrow || !fp_lock_key(arrow + 3, class, &holder, found, sizeof found) ||
        *class != family || (holder != pid && holder != -1))
        return false;
    const char *last = strrchr(found, ':');
    if (!last || strtoull(last + 1, NULL, 10) != inode)
        return false;
    snprintf(ret_key, size, "%s", found);
    return true;
}

static void on_lock(struct fp_wait *wait, pid_t pid, char family) {
    char *text, *save = NULL;
    size_t length;
    uint64_t inode;
    int fd = (int)wait->at[0];
    if (!inode_of(pid, wait->tid, fd, &inode) || fp_proc_slurp("/proc/locks", &text, &length) < 0)
        return;
    bool found = false;
    for (char *line = strtok_r(text, "\n", &save); line && !found;
         line = strtok_r(NULL, "\n", &save))
        found = is_awaited(line, pid, family, inode, wait->key, sizeof wait->key);
    free(text);
    wait->object = found ? fp_fd_target(pid, wait->tid, fd) : NULL;
    if (!wait->object)
        return;
    wait->fd = fd;
    wait->kind = FP_WAIT_LOCK;
}

/* The memory is the process's own when its mapping is private. */
static bool is_private(pid_t pid, uint64_t address) {
    char path[64], *text, *save = NULL;
    size_t length;
    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    if (fp_proc_slurp(path, &text, &length) < 0)
        return false;
    bool found = false;
    for (char *line = strtok_r(text, "\n", &save); line && !found;
         line = strtok_r(NULL, "\n", &save)) {
        unsigned long from, to;
        char mode[5];
        if (sscanf(line, "%lx-%lx %4s", &from, &to, mode) == 3 && from <= address && address < to)
            found = mode[3] == 'p';
    }
    free(text);
    return found;
}

/* One without a time limit. A mutex that inherits priority is known by its own operation. */
static void on_futex(struct fp_wait *wait, pid_t pid) {
    int operation = (int)wait->at[1];
    int command = operation & FUTEX_CMD_MASK;
    if ((command != FUTEX_WAIT && command != FUTEX_WAIT_BITSET && command != FUTEX_LOCK_PI) ||
        wait->at[3] != 0)
        return;
    if (operation & FUTEX_PRIVATE_FLAG || is_private(pid, wait->at[0]))
        wait->kind = FP_WAIT_FUTEX;
}

/* Where there is no pause, it is a poll of nothing. */
static void on_signal(struct fp_wait *wait) {
    const uint64_t *at = wait->at;
    bool is_signal = true;
    switch (wait->call) {
#ifdef SYS_poll
    case SYS_poll:
        is_signal = at[1] == 0 && (int)at[2] < 0;
        break;
#endif
    case SYS_ppoll:
        is_signal = at[1] == 0 && at[2] == 0;
        break;
    case SYS_rt_sigtimedwait:
        is_signal = at[2] == 0;
        break;
    default: /* pause, sigsuspend */
        break;
    }
    if (is_signal)
        wait->kind = FP_WAIT_SIGNAL;
}

static void on_call(struct fp_wait *wait, pid_t pid) {
    const uint64_t *at = wait->at;
    switch (wait->call) {
    case SYS_read:
    case SYS_readv:
        on_pipe(wait, pid, FP_WAIT_READ);
        break;
    case SYS_write:
    case SYS_writev:
        on_pipe(wait, pid, FP_WAIT_WRITE);
        break;
#ifdef SYS_open
    case SYS_open:
        on_open(wait, pid, AT_FDCWD, at[0], (int)at[1]);
        break;
#endif
    case SYS_openat:
        on_open(wait, pid, (int)at[0], at[1], (int)at[2]);
        break;
    case SYS_wait4:
        on_wait4(wait);
        break;
    case SYS_waitid:
        on_waitid(wait);
        break;
    case SYS_flock:
        on_lock(wait, pid, 'F');
        break;
    case SYS_fcntl:
        if (at[1] == F_SETLKW || at[1] == F_OFD_SETLKW)
            on_lock(wait, pid, 'P');
        break;
    case SYS_futex:
        on_futex(wait, pid);
        break;
#ifdef SYS_pause
    case SYS_pause:
    case SYS_poll:
#endif
    case SYS_ppoll:
    case SYS_rt_sigsuspend:
    case SYS_rt_sigtimedwait:
        on_signal(wait);
        break;
    default:
        break;
    }
}

/* The parent of a vfork waits where no signal wakes it: in state D. */
static void on_vfork(struct fp_wait *wait) {
#ifdef SYS_vfork
    if (wait->call == SYS_vfork)
        wait->kind = FP_WAIT_VFORK;
#endif
    if (wait->call == SYS_clone && wait->at[FP_CLONE_STACK_FIRST] & CLONE_VFORK)
        wait->kind = FP_WAIT_VFORK;
}

void fp_wait_classify(struct fp_wait *wait, pid_t pid) {
    if (!is_our_abi(wait) && !fp_wait_translate(wait, pid)) {
        wait->call = -1;
        return;
    }
    if (wait->state == 'S')
        on_call(wait, pid);
    if (wait->state == 'S' || wait->state == 'D')
        on_vfork(wait);
}
