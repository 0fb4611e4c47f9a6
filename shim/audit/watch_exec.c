/* What an exec or a spawn passes on, and what its path leads to. */
#include <fcntl.h>
#include <signal.h>

#include "look.h"
#include "proc.h"
#include "settings.h"
#include "sys.h"
#include "text.h"
#include "watch_inner.h"

#define INHERITED_MOST 64
#define LOW 64 /* room for so many has every table */
#define PATH_SIZE (FP_LOG_TEXT + 1)

extern char **environ __attribute__((weak));

/* --- paths --- */

/* A program's path, as it was given. */
struct path {
    long length; /* negative: it cannot be read */
    bool is_cut, has_slash;
    char text[PATH_SIZE];
};

static void read_path(struct path *ret, const char *user_path) {
    ret->length = user_path ? fp_look_copy(ret->text, user_path, sizeof ret->text) : -EFAULT;
    ret->is_cut = ret->length < 0 || ret->length == FP_LOG_TEXT;
    ret->has_slash = false;
    for (long i = 0; i < ret->length; i++)
        ret->has_slash |= ret->text[i] == '/';
}

/* A file that can be executed, by somebody. */
static bool is_program(const char *path, struct statx *ret) {
    return fp_sys_statx(FP_AT_FDCWD, path, 0, ret) == 0 && S_ISREG(ret->stx_mode) &&
           (ret->stx_mode & 0111);
}

static bool is_same(const struct statx *a, const struct statx *b) {
    return a->stx_ino == b->stx_ino && a->stx_dev_major == b->stx_dev_major &&
           a->stx_dev_minor == b->stx_dev_minor;
}

/* DIRECTORY/NAME; false when it is too long. */
static bool join(char to[static PATH_SIZE], const char *directory, size_t length,
                 const char *name) {
    size_t rest = fp_text_length(name);
    if (length + 1 + rest >= PATH_SIZE)
        return false;
    fp_text_copy(to, directory, length);
    to[length] = '/';
    fp_text_copy(to + length + 1, name, rest + 1);
    return true;
}

static const char *own_path(void) {
    for (char **at = &environ ? environ : NULL; at && *at; at++) {
        const char *value = fp_variable_value(*at, "PATH");
        if (value)
            return value;
    }
    return "";
}

/* The first in PATH, which is what will be executed. */
static bool find_in_path(const char *name, struct statx *ret) {
    char candidate[PATH_SIZE];
    const char *at = own_path();
    for (int i = 0; i < 64; i++) {
        size_t length = 0;
        while (at[length] && at[length] != ':')
            length++;
        bool is_here = length == 0 && is_program(name, ret);
        if (is_here ||
            (length > 0 && join(candidate, at, length, name) && is_program(candidate, ret)))
            return true;
        if (!at[length])
            break;
        at += length + 1;
    }
    return false;
}

static bool is_also_here(const char *name) {
    struct statx here = {0};
    struct statx found = {0};
    return is_program(name, &here) && find_in_path(name, &found) && !is_same(&here, &found);
}

/* Whether the parent, in its own directory, would mean another file by it, or this one is none. */
static bool is_other_in_parent(const char *path) {
    char of_parent[PATH_SIZE];
    char directory[32] = "/proc/";
    struct statx theirs = {0};
    struct statx ours = {0};
    size_t length = 6 + fp_text_number(directory + 6, (unsigned)fp_sys_getppid());
    fp_text_copy(directory + length, "/cwd", sizeof "/cwd");
    if (!join(of_parent, directory, length + 4, path) || !is_program(of_parent, &theirs))
        return false;
    return !is_program(path, &ours) || !is_same(&theirs, &ours);
}

static uint32_t path_flags(const struct path *path, bool is_searched, bool may_ask_parent) {
    if (path->length <= 0)
        return 0;
    if (is_searched && !path->has_slash)
        return FP_EXEC_SEARCHED |
               (!path->is_cut && is_also_here(path->text) ? FP_EXEC_ALSO_HERE : 0);
    bool is_relative = path->text[0] != '/' && !path->is_cut;
    return is_relative && may_ask_parent && is_other_in_parent(path->text) ? FP_EXEC_PARENT_HAS : 0;
}

/* --- descriptors --- */

/* As makedev. */
static uint64_t device_of(uint64_t major, uint64_t minor) {
    return (major & 0xfffff000) << 32 | (major & 0xfff) << 8 | (minor & 0xffffff00) << 12 |
           (minor & 0xff);
}

static void log_inherited(int fd) {
    struct statx status = {0};
    if (fp_sys_statx(fd, "", AT_EMPTY_PATH, &status) < 0)
        return;
    struct fp_audit_inherited body = {
        .fd = fd,
        .mode = status.stx_mode,
        .flags = (uint32_t)fp_syscall(SYS_fcntl, fd, F_GETFL, 0, 0, 0, 0),
        .device = device_of(status.stx_dev_major, status.stx_dev_minor),
        .inode = status.stx_ino,
    };
    fp_log_body(FP_AUDIT_INHERITED, &body, NULL);
}

static bool is_passed_on(int fd) {
    long flags = fp_syscall(SYS_fcntl, fd, F_GETFD, 0, 0, 0, 0);
    return flags >= 0 && !(flags & FD_CLOEXEC);
}

/* -1: there are no more. */
static int next_descriptor(struct fp_proc_list *list) {
    const char *name;
    unsigned number;
    while ((name = fp_proc_list_next_name(list)))
        if (*name >= '0' && *name <= '9' && !*fp_text_read_number(name, &number))
            return (int)number;
    return -1;
}

/* False when it is of no interest. */
static bool consider(int fd, bool is_spawn) {
    if (fd <= 2 || !is_passed_on(fd) || (is_spawn && fp_watch_is_closed_by_spawn(fd)))
        return false;
    log_inherited(fd);
    return true;
}

/* Of the thread: it may have a table of its own. */
static void log_listed(bool is_spawn) {
    struct fp_proc_list list;
    int directory = fp_sys_open("/proc/thread-self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return;
    fp_proc_list_of(&list, directory);
    int fd;
    for (int left = INHERITED_MOST; left > 0 && (fd = next_descriptor(&list)) >= 0;)
        left -= fd != directory && consider(fd, is_spawn);
    (void)fp_sys_close(directory);
}

/*
 * Whether none is as high as LOW. The table of most processes has no room for such, and select
 * passes over what it has no room for (select(2), BUGS); where there is room for one, one of so
 * many is not open, and that is an error. No look at /proc, which costs a fresh process more than
 * all else here.
 */
static bool are_all_low(void) {
    uint64_t high[1024 / 64];
    const struct timespec at_once = {0, 0};
    high[0] = 0;
    for (unsigned i = 1; i < sizeof high / sizeof *high; i++)
        high[i] = ~UINT64_C(0);
    return fp_syscall(SYS_pselect6, 1024, (long)high, 0, 0, (long)&at_once, 0) == 0;
}

static void log_all_inherited(bool is_spawn) {
    if (!are_all_low()) {
        log_listed(is_spawn);
        return;
    }
    for (int fd = 3; fd < LOW; fd++)
        (void)consider(fd, is_spawn);
}

/* --- the events --- */

static void log_exec(const struct path *path, int result, uint32_t flags,
                     const struct fp_here *here) {
    struct fp_audit_exec body = {.result = result,
                                 .flags = flags | fp_watch_state.had |
                                          (fp_watch_is_ignored(SIGPIPE) ? FP_EXEC_NO_SIGPIPE : 0) |
                                          (fp_watch_is_ignored(SIGCHLD) ? FP_EXEC_NO_SIGCHLD : 0),
                                 .blocked = fp_sys_blocked(),
                                 .blocked_before = fp_watch_state.blocked};
    fp_log(&(struct fp_log_event){.kind = FP_AUDIT_EXEC,
                                  .flags = path->is_cut ? FP_AUDIT_CUT : 0,
                                  .parts = {{&body, sizeof body},
                                            {path->text,
                                             path->length > 0 ? (size_t)path->length : 0}}},
           here);
}

/* What is the same in all three: who it is that executes. */
static uint32_t own_flags(void) {
    bool is_vfork_child = fp_watch_is_vfork_child();
    bool has_moved =
        atomic_load(is_vfork_child ? &fp_watch_state.moved_in_vfork : &fp_watch_state.moved);
    return (has_moved ? FP_EXEC_MOVED : 0) | (fp_watch_is_child() ? FP_EXEC_IN_CHILD : 0);
}

void fp_watch_exec(const char *user_path, char *const *user_envp, bool is_searched,
                   const struct fp_here *here) {
    struct path path;
    if (!fp_log_is_on())
        return;
    uint32_t flags = own_flags();
    read_path(&path, user_path);
    flags |= path_flags(&path, is_searched, (flags & FP_EXEC_MOVED) && (flags & FP_EXEC_IN_CHILD));
    log_all_inherited(false);
    fp_watch_variables(user_envp);
    log_exec(&path, 0, flags, here);
}

void fp_watch_exec_failed(const char *user_path, int error, const struct fp_here *here) {
    struct path path;
    if (!fp_log_is_on())
        return;
    read_path(&path, user_path);
    log_exec(&path, error > 0 ? -error : error, own_flags(), here);
}

void fp_watch_spawn(const char *user_path, char *const *user_envp, bool is_searched,
                    const struct fp_here *here) {
    struct path path;
    if (!fp_log_is_on())
        return;
    read_path(&path, user_path);
    log_all_inherited(true);
    fp_watch_variables(user_envp);
    log_exec(&path, 0, path_flags(&path, is_searched, false), here);
}
