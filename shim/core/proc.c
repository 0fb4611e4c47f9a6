#include "proc.h"

#include <errno.h>
#include <fcntl.h>

#include "sys.h"
#include "text.h"

/* As getdents64 fills it; libc's own differs by libc and word size. */
struct entry {
    uint64_t inode;
    int64_t offset;
    unsigned short size;
    unsigned char type;
    char name[];
};

/* "/proc/1234567890/task/1234567890/children" and its end. */
#define PATH_SIZE 48

static size_t put(char *to, const char *text) {
    size_t length = fp_text_length(text);
    fp_text_copy(to, text, length + 1);
    return length;
}

static size_t put_process(char *to, pid_t pid) {
    size_t used = put(to, "/proc/");
    return used + fp_text_number(to + used, (unsigned)pid);
}

static bool is_digit(int byte) {
    return byte >= '0' && byte <= '9';
}

/* --- stat --- */

/* What is left of the text. */
struct rest {
    const char *at, *end;
};

/* The next word as a number; negative ones, which nobody here asks for, as their amount. */
static bool read_number(struct rest *rest, uint64_t *ret) {
    // NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): written by the kernel
    while (rest->at < rest->end && (*rest->at == ' ' || *rest->at == '-'))
        rest->at++;
    const char *start = rest->at;
    *ret = 0;
    for (; rest->at < rest->end && is_digit(*rest->at); rest->at++)
        *ret = *ret * 10 + (uint64_t)(*rest->at - '0');
    return rest->at > start;
}

/* The end of the name: everything behind it is numbers, and its letters can be brackets. */
static const char *last_bracket(const char *text, size_t length) {
    while (length > 0 && text[length - 1] != ')')
        length--;
    return length > 0 ? text + length - 1 : NULL;
}

/* The words behind the state, by their numbers in proc(5). */
enum { PPID = 4, PGRP = 5, SESSION = 6, THREADS = 20, START = 22 };

bool fp_proc_parse(const char *text, size_t length, struct fp_proc *ret) {
    const char *bracket = last_bracket(text, length);
    struct rest rest = {text, text + length};
    uint64_t pid;
    uint64_t words[START + 1];
    if (!bracket || !read_number(&rest, &pid) || text + length - bracket < 3)
        return false;
    rest.at = bracket + 3;
    for (int i = PPID; i <= START; i++)
        if (!read_number(&rest, &words[i]))
            return false;
    *ret = (struct fp_proc){
        .pid = (pid_t)pid,
        .ppid = (pid_t)words[PPID],
        .pgrp = (pid_t)words[PGRP],
        .session = (pid_t)words[SESSION],
        .state = bracket[2],
        .threads = (unsigned)words[THREADS],
        .start = words[START],
    };
    return true;
}

bool fp_proc_read(pid_t pid, struct fp_proc *ret) {
    char path[PATH_SIZE];
    char text[1024]; // the longest line there can be has less than 600
    (void)put(path + put_process(path, pid), "/stat");
    int fd = fp_sys_open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    long length = fp_sys_read(fd, text, sizeof text);
    (void)fp_sys_close(fd);
    return length > 0 && fp_proc_parse(text, (size_t)length, ret) && ret->pid == pid;
}

bool fp_proc_is_alive(const struct fp_proc *proc) {
    return (proc->state != 'Z' && proc->state != 'X') || proc->threads > 1;
}

/* --- lists --- */

static bool begin(struct fp_proc_list *list, const char *path, bool is_directory) {
    list->fd = fp_sys_open(path, O_RDONLY | O_CLOEXEC | (is_directory ? O_DIRECTORY : 0));
    list->is_directory = is_directory;
    list->at = 0;
    list->end = 0;
    return list->fd >= 0;
}

bool fp_proc_list_all(struct fp_proc_list *list) {
    return begin(list, "/proc", true);
}

bool fp_proc_list_threads(struct fp_proc_list *list, pid_t pid) {
    char path[PATH_SIZE];
    (void)put(path + put_process(path, pid), "/task");
    return begin(list, path, true);
}

bool fp_proc_list_children(struct fp_proc_list *list, pid_t pid, pid_t tid) {
    char path[PATH_SIZE];
    size_t used = put_process(path, pid);
    used += put(path + used, "/task/");
    used += fp_text_number(path + used, (unsigned)tid);
    (void)put(path + used, "/children");
    return begin(list, path, false);
}

static bool fill(struct fp_proc_list *list) {
    long size = list->is_directory ? fp_sys_getdents(list->fd, list->buffer, sizeof list->buffer)
                                   : fp_sys_read(list->fd, list->buffer, sizeof list->buffer);
    list->at = 0;
    list->end = size > 0 ? (unsigned)size : 0;
    return size > 0;
}

const char *fp_proc_list_next_name(struct fp_proc_list *list) {
    if (list->at >= list->end && !fill(list))
        return NULL;
    const struct entry *entry = (const void *)(list->buffer + list->at);
    list->at += entry->size;
    return entry->name;
}

static pid_t next_entry(struct fp_proc_list *list) {
    const char *name;
    unsigned number;
    while ((name = fp_proc_list_next_name(list)))
        if (is_digit(*name) && !*fp_text_read_number(name, &number))
            return (pid_t)number;
    return 0;
}

static int next_byte(struct fp_proc_list *list) {
    // NOLINTNEXTLINE(clang-analyzer-core.uninitialized.UndefReturn): written by the kernel
    return list->at < list->end || fill(list) ? list->buffer[list->at++] : -1;
}

/* A number may lie across two readings of the file; *ret_byte is what ended it. */
static pid_t read_pid(struct fp_proc_list *list, int *ret_byte) {
    pid_t number = 0;
    int byte = *ret_byte;
    for (; is_digit(byte); byte = next_byte(list))
        number = number * 10 + (byte - '0');
    *ret_byte = byte;
    return number;
}

static pid_t next_number(struct fp_proc_list *list) {
    int byte = next_byte(list);
    while (byte >= 0 && !is_digit(byte))
        byte = next_byte(list);
    return read_pid(list, &byte);
}

pid_t fp_proc_list_next(struct fp_proc_list *list) {
    return list->is_directory ? next_entry(list) : next_number(list);
}

void fp_proc_list_end(struct fp_proc_list *list) {
    (void)fp_sys_close(list->fd);
}

void fp_proc_list_of(struct fp_proc_list *list, int fd) {
    list->fd = fd;
    list->is_directory = true;
    list->at = 0;
    list->end = 0;
}

/* --- texts --- */

bool fp_proc_text(const char *path, char *ret, size_t size) {
    int fd = fp_sys_open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    long length = fp_sys_read(fd, ret, size - 1);
    (void)fp_sys_close(fd);
    ret[length > 0 ? length : 0] = '\0';
    return length > 0;
}

pid_t fp_proc_newest(void) {
    char text[128];
    unsigned number = 0;
    const char *last = text;
    if (!fp_proc_text("/proc/loadavg", text, sizeof text))
        return 0;
    for (const char *at = text; *at; at++)
        if (*at == ' ')
            last = at + 1;
    (void)fp_text_read_number(last, &number);
    return (pid_t)number;
}

bool fp_proc_has_arguments(pid_t pid) {
    char path[PATH_SIZE];
    char text[2];
    (void)put(path + put_process(path, pid), "/cmdline");
    return fp_proc_text(path, text, sizeof text);
}

pid_t fp_proc_pid_max(void) {
    char text[32];
    unsigned number = 0;
    if (fp_proc_text("/proc/sys/kernel/pid_max", text, sizeof text))
        (void)fp_text_read_number(text, &number);
    return (pid_t)number;
}

static int open_environ(char path[static PATH_SIZE], size_t used) {
    (void)put(path + used, "/environ");
    return fp_sys_open(path, O_RDONLY | O_CLOEXEC);
}

/* The first thread may have left the others: it has no memory any more, they have. */
static int open_environ_of_threads(pid_t pid) {
    char path[PATH_SIZE];
    struct fp_proc_list threads;
    pid_t tid;
    int fd = -ESRCH;
    if (!fp_proc_list_threads(&threads, pid))
        return fd;
    while (fd < 0 && (tid = fp_proc_list_next(&threads))) {
        if (tid == pid)
            continue;
        size_t used = put_process(path, pid);
        used += put(path + used, "/task/");
        used += fp_text_number(path + used, (unsigned)tid);
        fd = open_environ(path, used);
    }
    fp_proc_list_end(&threads);
    return fd;
}

/* Moves what is left to the front and reads on behind it. */
static bool read_on(struct fp_proc_variables *v) {
    unsigned left = v->end - v->at;
    fp_text_copy(v->buffer, v->buffer + v->at, left);
    long length = fp_sys_read(v->fd, v->buffer + left, sizeof v->buffer - 1 - left);
    v->at = 0;
    v->end = left + (length > 0 ? (unsigned)length : 0);
    return length > 0;
}

bool fp_proc_variables_begin(struct fp_proc_variables *variables, pid_t pid) {
    char path[PATH_SIZE];
    variables->fd = open_environ(path, put_process(path, pid));
    variables->at = 0;
    variables->end = 0;
    if (variables->fd >= 0) {
        if (read_on(variables))
            return true;
        (void)fp_sys_close(variables->fd);
    }
    variables->fd = open_environ_of_threads(pid);
    return variables->fd >= 0;
}

/* The length of the variable at hand, as far as it is in the buffer. */
static unsigned length_here(const struct fp_proc_variables *v) {
    unsigned length = 0;
    while (v->at + length < v->end && v->buffer[v->at + length])
        length++;
    return length;
}

const char *fp_proc_variables_next(struct fp_proc_variables *v) {
    unsigned length = length_here(v);
    while (v->at + length == v->end && length < sizeof v->buffer - 1 && read_on(v))
        length = length_here(v);
    if (v->at == v->end)
        return NULL;
    char *variable = v->buffer + v->at;
    bool whole = v->at + length < v->end;
    v->at += length + whole;
    if (!whole)
        v->buffer[v->end] = '\0';
    return variable;
}

void fp_proc_variables_end(struct fp_proc_variables *variables) {
    (void)fp_sys_close(variables->fd);
}

/* --- numbers in texts --- */

/* To just behind the text, which repeats no part of itself; false when it is not there. */
static bool skip_past(struct fp_proc_list *list, const char *text) {
    size_t same = 0;
    while (text[same]) {
        int byte = next_byte(list);
        if (byte < 0)
            return false;
        same = byte == text[same] ? same + 1 : byte == text[0];
    }
    return true;
}

/* The number behind the text, 0 when there is none; *ret_byte is what ended it. */
static pid_t number_behind(const char *path, const char *text, int *ret_byte) {
    struct fp_proc_list file;
    *ret_byte = -1;
    if (!begin(&file, path, false))
        return 0;
    *ret_byte = skip_past(&file, text) ? next_byte(&file) : -1;
    pid_t number = read_pid(&file, ret_byte);
    fp_proc_list_end(&file);
    return number;
}

/*
 * Every pid of ours is listed, from the namespace that /proc belongs to down to our own. The
 * numbers alone would not do: those of two namespaces can be the same.
 */
bool fp_proc_is_ours(void) {
    int byte;
    pid_t number = number_behind("/proc/self/status", "\nNStgid:\t", &byte);
    return number == fp_sys_getpid() && byte == '\n';
}

uint64_t fp_proc_namespace(void) {
    struct statx status = {0};
    if (!fp_proc_is_ours() || fp_sys_statx(FP_AT_FDCWD, "/proc/self/ns/pid", 0, &status) < 0)
        return 0;
    return status.stx_ino;
}

pid_t fp_proc_of_pidfd(int pidfd) {
    char path[PATH_SIZE];
    int byte;
    if (pidfd < 0)
        return 0;
    // The calling thread's: threads may have descriptor tables of their own.
    size_t used = put(path, "/proc/thread-self/fdinfo/");
    (void)fp_text_number(path + used, (unsigned)pidfd);
    return number_behind(path, "\nPid:\t", &byte);
}

bool fp_proc_has_mapped(pid_t pid, const char *text) {
    char path[PATH_SIZE];
    struct fp_proc_list file;
    (void)put(path + put_process(path, pid), "/maps");
    if (!begin(&file, path, false))
        return false;
    bool found = skip_past(&file, text);
    fp_proc_list_end(&file);
    return found;
}
