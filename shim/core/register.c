#include "register.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>

#include "point.h"
#include "proc.h"
#include "sys.h"
#include "text.h"

#define TICKS 100 /* a second: USER_HZ, the same everywhere */
#define WINDOW 64 /* places in which a pid may stand */
#define NAME_SIZE 48

uint64_t fp_register_now(void) {
    struct timespec now = fp_sys_boot_time();
    return (uint64_t)now.tv_sec * TICKS + (uint32_t)now.tv_nsec / (1000000000 / TICKS);
}

/* --- entries --- */

static fp_entry entry_of(pid_t pid, bool leads, bool alive) {
    return (fp_entry)(unsigned)pid | (fp_entry)leads << 22 | (fp_entry)alive << 23 |
           fp_register_now() << 24;
}

static _Atomic(fp_entry) *place(struct fp_register *reg, pid_t pid, unsigned step) {
    return &reg->entries[((unsigned)pid + step) % FP_REGISTER_ENTRIES];
}

static _Atomic(fp_entry) *find(struct fp_register *reg, pid_t pid) {
    for (unsigned i = 0; i < WINDOW; i++)
        if (fp_entry_pid(atomic_load(place(reg, pid, i))) == pid)
            return place(reg, pid, i);
    return NULL;
}

fp_entry fp_register_get(struct fp_register *reg, pid_t pid) {
    const _Atomic(fp_entry) *at = find(reg, pid);
    fp_entry e = at ? atomic_load(at) : 0;
    return fp_entry_pid(e) == pid ? e : 0;
}

/* Free, or left by a leader whose group is empty. */
static bool is_free(fp_entry e) {
    return e == 0 || (!fp_entry_alive(e) && fp_sys_kill(-fp_entry_pid(e), 0) == -ESRCH);
}

/*
 * Parent and child may both enter the child; what one says of it is kept. What is left of a former
 * holder of the number does no harm: a group of that number could only be made by the new one.
 */
static bool merge(struct fp_register *reg, pid_t pid, bool leads) {
    _Atomic(fp_entry) *at = find(reg, pid);
    fp_entry old = at ? atomic_load(at) : 0;
    while (fp_entry_pid(old) == pid)
        if (atomic_compare_exchange_weak(at, &old,
                                         entry_of(pid, leads || fp_entry_leads(old), true)))
            return true;
    return false;
}

void fp_register_put(struct fp_register *reg, pid_t pid, bool leads) {
    if (pid <= 0 || merge(reg, pid, leads))
        return;
    for (unsigned i = 0; i < WINDOW; i++) {
        _Atomic(fp_entry) *at = place(reg, pid, i);
        fp_entry old = atomic_load(at);
        if (is_free(old) && atomic_compare_exchange_strong(at, &old, entry_of(pid, leads, true)))
            return;
    }
    atomic_fetch_add(&reg->lost, 1);
}

void fp_register_drop(struct fp_register *reg, pid_t pid) {
    _Atomic(fp_entry) *at = find(reg, pid);
    fp_entry old = at ? atomic_load(at) : 0;
    while (fp_entry_pid(old) == pid) {
        fp_entry dead = fp_entry_leads(old) ? entry_of(pid, true, false) : 0;
        if (atomic_compare_exchange_weak(at, &old, dead))
            return;
    }
}

/* --- the file --- */

static char *append(char *to, const char *text) {
    size_t length = fp_text_length(text);
    fp_text_copy(to, text, length + 1);
    return to + length;
}

static char *append_number(char *to, unsigned number) {
    return to + fp_text_number(to, number);
}

bool fp_register_base_is_taken(const char *base) {
    struct statx status = {0};
    return fp_sys_statx(FP_AT_FDCWD, base, AT_SYMLINK_NOFOLLOW, &status) == 0 &&
           (!S_ISDIR(status.stx_mode) || status.stx_uid != fp_sys_geteuid());
}

/* A directory of ours that nobody else may enter. */
static bool is_private(const struct statx *status) {
    return S_ISDIR(status->stx_mode) && status->stx_uid == fp_sys_geteuid() &&
           (status->stx_mode & 077) == 0;
}

/* The same, or a negative error. */
static int open_base(const char *base) {
    struct statx status = {0};
    int fd = fp_sys_open(base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return fd;
    if (fp_sys_statx(fd, "", AT_EMPTY_PATH, &status) == 0 && is_private(&status))
        return fd;
    (void)fp_sys_close(fd);
    return -EPERM;
}

/* Where the last name of a path begins. */
static size_t name_at(const char *path) {
    size_t at = fp_text_length(path);
    while (at > 0 && path[at - 1] != '/')
        at--;
    return at;
}

/* The first private directory whose name begins so; false when there is none. */
static bool find_private(int folder, const char *beginning, char name[static NAME_SIZE]) {
    struct fp_proc_list names;
    const char *next;
    fp_proc_list_of(&names, folder);
    while ((next = fp_proc_list_next_name(&names))) {
        struct statx status = {0};
        size_t length = fp_text_length(next);
        if (length < NAME_SIZE && fp_text_same(next, beginning, fp_text_length(beginning)) &&
            fp_sys_statx(folder, next, AT_SYMLINK_NOFOLLOW, &status) == 0 && is_private(&status)) {
            fp_text_copy(name, next, length + 1);
            return true;
        }
    }
    return false;
}

void fp_register_base_beside(char base[static FP_REGISTER_PATH]) {
    char folder[FP_REGISTER_PATH];
    size_t name = name_at(base);
    char *end = append(base + fp_text_length(base), ".");
    fp_text_copy(folder, base, name);
    folder[name] = '\0';
    int fd = fp_sys_open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || !find_private(fd, base + name, base + name))
        append_number(end, (unsigned)fp_sys_boot_time().tv_nsec);
    if (fd >= 0)
        (void)fp_sys_close(fd);
}

static int make_base(const char *base) {
    int fd = -ENOENT;
    // Another root's end may take the directory away between the two.
    for (int i = 0; i < 3 && fd == -ENOENT; i++) {
        (void)fp_sys_mkdir(base, 0700);
        fd = open_base(base);
    }
    return fd;
}

/*
 * Inherited over fork: a child whose parent ends before it has entered it is known by what it has
 * mapped (R17). A fork copies nothing for it but that there is a mapping.
 */
static struct fp_register *map_file(int fd) {
    return fp_sys_map_file(fd, sizeof(struct fp_register));
}

/* Allocated as a whole, so that no page of it can be missing later. */
static bool allocate(int fd, size_t size) {
    return fp_sys_file_limit() >= size && fp_sys_fallocate(fd, size) == 0;
}

static struct fp_register *make_in(int base_fd, const char *name) {
    int fd = fp_sys_openat(base_fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return NULL;
    struct fp_register *reg = allocate(fd, sizeof *reg) ? map_file(fd) : NULL;
    (void)fp_sys_close(fd);
    if (!reg)
        (void)fp_sys_unlinkat(base_fd, name, 0);
    return reg;
}

/* ROOT-TIME, so that a path names one program for ever. */
static void name_register(char *name, pid_t root) {
    struct timespec now = fp_sys_boot_time();
    char *at = append(append_number(name, (unsigned)root), "-");
    at = append(append_number(at, (unsigned)now.tv_sec), ".");
    append_number(at, (unsigned)now.tv_nsec);
}

struct fp_register *fp_register_make(const char *base, char path[static FP_REGISTER_PATH]) {
    char name[NAME_SIZE];
    struct fp_proc self;
    pid_t pid = fp_sys_getpid();
    uint64_t namespace = fp_proc_namespace();
    if (fp_text_length(base) + NAME_SIZE > FP_REGISTER_PATH || !namespace ||
        !fp_proc_read(pid, &self))
        return NULL;
    int base_fd = make_base(base);
    if (base_fd < 0)
        return NULL;
    name_register(name, pid);
    struct fp_register *reg = make_in(base_fd, name);
    (void)fp_sys_close(base_fd);
    if (!reg)
        return NULL;
    append(append(append(path, base), "/"), name);
    reg->namespace = namespace;
    reg->root = pid;
    reg->newest = fp_proc_newest();
    reg->root_start = self.start;
    reg->made = fp_register_now();
    atomic_thread_fence(memory_order_seq_cst);
    reg->magic = FP_REGISTER_MAGIC;
    return reg;
}

static int open_file(int base_fd, const char *name) {
    struct statx status = {0};
    int fd = fp_sys_openat(base_fd, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0);
    if (fd < 0)
        return fd;
    if (fp_sys_statx(fd, "", AT_EMPTY_PATH, &status) == 0 && S_ISREG(status.stx_mode) &&
        status.stx_size == sizeof(struct fp_register) && status.stx_uid == fp_sys_geteuid())
        return fd;
    (void)fp_sys_close(fd);
    return -EPERM;
}

static struct fp_register *map_if_good(int fd) {
    struct fp_register *reg = map_file(fd);
    if (reg && (reg->magic != FP_REGISTER_MAGIC || reg->namespace != fp_proc_namespace())) {
        fp_register_close(reg);
        return NULL;
    }
    return reg;
}

struct fp_register *fp_register_open(const char *path) {
    int fd = open_file(FP_AT_FDCWD, path);
    struct fp_register *reg = fd < 0 ? NULL : map_if_good(fd);
    if (fd >= 0)
        (void)fp_sys_close(fd);
    return reg;
}

void fp_register_close(struct fp_register *reg) {
    fp_sys_unmap(reg, sizeof *reg);
}

/* --- looking for one --- */

/*
 * What is looked for in a file, read and not mapped: who has mapped a register is taken for its
 * member (R25).
 */
struct glance {
    struct {
        uint64_t magic, namespace, root_start, made;
        int32_t root;
    } head;
    fp_entry window[WINDOW]; /* the places in which the pid may stand */
};

_Static_assert(offsetof(struct fp_register, root) == offsetof(struct glance, head.root),
               "the same beginning");

static bool read_at(int fd, size_t offset, void *to, size_t size) {
    return fp_sys_seek(fd, (long)offset) >= 0 && fp_sys_read(fd, to, size) == (long)size;
}

static bool glance_at(int fd, pid_t pid, struct glance *ret) {
    unsigned first = (unsigned)pid % FP_REGISTER_ENTRIES;
    unsigned before_end =
        FP_REGISTER_ENTRIES - first < WINDOW ? FP_REGISTER_ENTRIES - first : WINDOW;
    size_t entries = offsetof(struct fp_register, entries);
    return read_at(fd, 0, &ret->head, sizeof ret->head) && ret->head.magic == FP_REGISTER_MAGIC &&
           ret->head.namespace == fp_proc_namespace() &&
           read_at(fd, entries + first * sizeof(fp_entry), ret->window,
                   before_end * sizeof(fp_entry)) &&
           read_at(fd, entries, ret->window + before_end, (WINDOW - before_end) * sizeof(fp_entry));
}

static bool holds(const struct glance *glance, const struct fp_proc *wanted) {
    if (glance->head.root == wanted->pid && glance->head.root_start == wanted->start)
        return true;
    for (unsigned i = 0; i < WINDOW; i++) {
        fp_entry e = glance->window[i];
        if (fp_entry_pid(e) == wanted->pid)
            return fp_entry_alive(e) && wanted->start >= glance->head.made &&
                   wanted->start <= fp_entry_ticks(e);
    }
    return false;
}

static bool is_over(const struct glance *glance) {
    struct fp_proc root;
    return !fp_proc_read(glance->head.root, &root) || root.start != glance->head.root_start;
}

static struct fp_register *open_if_holding(int base_fd, const char *name,
                                           const struct fp_proc *wanted) {
    struct glance glance;
    struct fp_register *reg = NULL;
    int fd = open_file(base_fd, name);
    if (fd < 0)
        return NULL;
    bool good = glance_at(fd, wanted->pid, &glance);
    bool held = good && holds(&glance, wanted);
    fp_point(FP_POINT_REGISTER_LOOKED);
    if (held)
        reg = map_if_good(fd);
    else if (good && is_over(&glance))
        (void)fp_sys_unlinkat(base_fd, name, 0);
    (void)fp_sys_close(fd);
    return reg;
}

struct fp_register *fp_register_find(const char *base, pid_t pid,
                                     char path[static FP_REGISTER_PATH]) {
    struct fp_proc wanted;
    struct fp_register *found = NULL;
    struct fp_proc_list names;
    const char *name;
    int base_fd = open_base(base);
    if (base_fd < 0)
        return NULL;
    fp_proc_list_of(&names, base_fd);
    while (!found && fp_proc_read(pid, &wanted) && (name = fp_proc_list_next_name(&names)))
        if (fp_text_length(name) < NAME_SIZE && (found = open_if_holding(base_fd, name, &wanted)))
            append(append(append(path, base), "/"), name);
    (void)fp_sys_close(base_fd);
    return found;
}

void fp_register_remove(const char *path) {
    char base[FP_REGISTER_PATH];
    size_t name = name_at(path);
    (void)fp_sys_unlinkat(FP_AT_FDCWD, path, 0);
    fp_text_copy(base, path, name);
    base[name > 0 ? name - 1 : 0] = '\0';
    (void)fp_sys_unlinkat(FP_AT_FDCWD, base, AT_REMOVEDIR);
}
