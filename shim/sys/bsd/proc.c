/* core/proc.h by sysctl. What there is on Linux alone is not found. */
#include "proc.h"

#include "sys.h"

/* Hundredths of a second by the clock, as core/register.h counts. */
static inline uint64_t fp_kinfo_ticks(int64_t seconds, int64_t microseconds) {
    return (uint64_t)seconds * 100 + (uint64_t)microseconds / 10000;
}

#if defined(__APPLE__)
#include "darwin/kinfo.h"
#elif defined(__FreeBSD__)
#include "freebsd/kinfo.h"
#elif defined(__NetBSD__)
#include "netbsd/kinfo.h"
#else
#include "openbsd/kinfo.h"
#endif

#define MORE 8  /* entries of room for processes that come meanwhile: an eighth, and these */
#define TRIES 4 /* at a list that grows faster than that */

/* What sysctl has filled. Kept where a list or the variables have their buffer. */
struct taken {
    char *bytes;
    size_t size, room, at;
};

_Static_assert(sizeof(struct taken) <= sizeof((struct fp_proc_list *)NULL)->buffer, "room");

static struct taken *taken_of(char *buffer) {
    return (struct taken *)(void *)buffer;
}

static long ask(int *name, unsigned words, void *ret, size_t *size) {
    return FP_CALL(sysctl(name, words, ret, size, NULL, 0));
}

static void drop(struct taken *taken) {
    if (taken->bytes)
        fp_sys_unmap(taken->bytes, taken->room);
    *taken = (struct taken){0};
}

/* --- one process --- */

bool fp_proc_is_ours(void) {
    return true;
}

uint64_t fp_proc_namespace(void) {
    return 1;
}

bool fp_proc_read(pid_t pid, struct fp_proc *ret) {
    int name[6];
    fp_kinfo info;
    size_t size = sizeof info;
    if (pid <= 0 || ask(name, fp_kinfo_name(name, pid, 1), &info, &size) < 0 || size < sizeof info)
        return false;
    fp_kinfo_read(&info, ret);
    return ret->pid == pid;
}

bool fp_proc_is_alive(const struct fp_proc *proc) {
    return proc->state != 'Z';
}

/* --- all of them --- */

static bool take_all(struct taken *taken) {
    int name[6];
    for (int i = 0; i < TRIES; i++) {
        size_t size = 0;
        if (ask(name, fp_kinfo_name(name, 0, 0), NULL, &size) < 0)
            return false;
        taken->room = size + size / 8 + MORE * sizeof(fp_kinfo);
        taken->bytes = fp_sys_map(taken->room);
        if (!taken->bytes)
            return false;
        taken->size = taken->room;
        unsigned words = fp_kinfo_name(name, 0, taken->room / sizeof(fp_kinfo));
        long result = ask(name, words, taken->bytes, &taken->size);
        if (result == 0)
            return true;
        drop(taken);
        if (result != -ENOMEM)
            return false;
    }
    return false;
}

bool fp_proc_list_all(struct fp_proc_list *list) {
    struct taken *taken = taken_of(list->buffer);
    *taken = (struct taken){0};
    list->fd = -1;
    return take_all(taken);
}

pid_t fp_proc_list_next(struct fp_proc_list *list) {
    struct taken *taken = taken_of(list->buffer);
    struct fp_proc process;
    fp_kinfo info;
    if (taken->at + sizeof info > taken->size)
        return 0;
    memcpy(&info, taken->bytes + taken->at, sizeof info);
    taken->at += sizeof info;
    fp_kinfo_read(&info, &process);
    return process.pid ? process.pid : fp_proc_list_next(list); // the kernel's own
}

void fp_proc_list_end(struct fp_proc_list *list) {
    drop(taken_of(list->buffer));
}

bool fp_proc_list_threads(struct fp_proc_list *list, pid_t pid) {
    (void)list, (void)pid;
    return false;
}

bool fp_proc_list_children(struct fp_proc_list *list, pid_t pid, pid_t tid) {
    (void)list, (void)pid, (void)tid;
    return false;
}

/* --- what it was executed with --- */

static bool take_texts(struct taken *taken, pid_t pid, bool environment) {
    int name[6];
    unsigned words = fp_kinfo_texts_name(name, pid, environment);
    *taken = (struct taken){.room = 1 << 20}; // as much as an exec takes, everywhere here
    taken->bytes = fp_sys_map(taken->room);
    taken->size = taken->room;
    if (taken->bytes && ask(name, words, taken->bytes, &taken->size) == 0) {
        taken->at = fp_kinfo_texts_begin(taken->bytes, taken->size, environment);
        return true;
    }
    drop(taken);
    return false;
}

bool fp_proc_variables_begin(struct fp_proc_variables *variables, pid_t pid) {
    variables->fd = -1;
    variables->at = 0;
    return take_texts(taken_of(variables->buffer), pid, true);
}

const char *fp_proc_variables_next(struct fp_proc_variables *variables) {
    struct taken *taken = taken_of(variables->buffer);
    const char *text = taken->bytes + taken->at;
    size_t left = taken->size - taken->at;
    size_t length = strnlen(text, left);
    if (length == left || length == 0)
        return NULL;
    taken->at += length + 1;
    return text;
}

void fp_proc_variables_end(struct fp_proc_variables *variables) {
    drop(taken_of(variables->buffer));
}

/* Whose arguments are not for us to see has some. */
bool fp_proc_has_arguments(pid_t pid) {
    int name[6];
    size_t size = 0;
    long result = ask(name, fp_kinfo_texts_name(name, pid, false), NULL, &size);
    return result == 0 ? size > 0 : result != -ESRCH;
}

/* --- what is not to be had here --- */

bool fp_proc_text(const char *path, char *ret, size_t size) {
    (void)path, (void)size;
    *ret = '\0';
    return false;
}

pid_t fp_proc_newest(void) {
    return 0;
}

pid_t fp_proc_pid_max(void) {
    return FP_PID_MAX_HERE;
}

pid_t fp_proc_of_pidfd(int pidfd) {
    (void)pidfd;
    return 0;
}

bool fp_proc_has_mapped(pid_t pid, const char *text) {
    (void)pid, (void)text;
    return false;
}
