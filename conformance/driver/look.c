#include "look.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TEXT = 3072, STATUS = 1 << 16 /* the longest line: the groups of the user */ };

/* A file of /proc as a string; "" when it cannot be read. Returns its length. */
static size_t slurp(const char *path, char *ret_text, size_t size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, ret_text, size - 1);
    if (fd >= 0)
        close(fd);
    ret_text[n > 0 ? n : 0] = '\0';
    return n > 0 ? (size_t)n : 0;
}

static bool stat_of(pid_t pid, pid_t *ret_parent, char *ret_state) {
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    slurp(path, text, sizeof text);
    const char *after = strrchr(text, ')');
    int parent;
    if (!after || sscanf(after, ") %c %d", ret_state, &parent) != 2)
        return false;
    *ret_parent = parent;
    return true;
}

static bool descends(pid_t pid, pid_t top) {
    char state;
    while (pid > 1 && pid != top)
        if (!stat_of(pid, &pid, &state))
            return false;
    return pid == top;
}

typedef void visitor(pid_t pid, void *data);

static void each_number(const char *path, visitor *visit, void *data) {
    DIR *dir = opendir(path);
    if (!dir)
        return;
    for (struct dirent *e; (e = readdir(dir));)
        if (isdigit((unsigned char)e->d_name[0]))
            visit(atoi(e->d_name), data);
    closedir(dir);
}

struct walk {
    pid_t top;
    bool (*skip)(pid_t);
    visitor *visit;
    void *data;
};

static void consider(pid_t pid, void *data) {
    struct walk *walk = data;
    if (pid != getpid() && (!walk->skip || !walk->skip(pid)) &&
        (!walk->top || descends(pid, walk->top)))
        walk->visit(pid, walk->data);
}

static void each_process(pid_t top, bool (*skip)(pid_t), visitor *visit, void *data) {
    struct walk walk = {top, skip, visit, data};
    each_number("/proc", consider, &walk);
}

/* The number after a field's name in a status file; 0 when it is not there. */
static unsigned long long field(const char *status, const char *name, int base) {
    const char *at = strstr(status, name);
    return at ? strtoull(at + strlen(name), NULL, base) : 0;
}

static char state_in(const char *status) {
    const char *at = strstr(status, "\nState:\t");
    return at ? at[8] : 'X';
}

static uint64_t mix(uint64_t hash, uint64_t value) {
    return (hash ^ value) * 0x100000001b3u;
}

struct look_task {
    struct look *look;
    pid_t pid;
};

static void look_at_task(pid_t tid, void *data) {
    static char status[STATUS];
    struct look_task *task = data;
    char path[80];
    snprintf(path, sizeof path, "/proc/%d/task/%d/status", task->pid, tid);
    slurp(path, status, sizeof status);
    char state = state_in(status);
    /* The order of readdir is no movement: the sum is the same in any. */
    uint64_t hash = mix(0xcbf29ce484222325u, (uint64_t)tid);
    hash = mix(hash, (uint64_t)state);
    hash = mix(hash, field(status, "\nvoluntary_ctxt_switches:", 10));
    hash = mix(hash, field(status, "\nnonvoluntary_ctxt_switches:", 10));
    task->look->hash += hash;
    task->look->moves |= !strchr("STtZXI", state);
}

static void look_at_process(pid_t pid, void *data) {
    struct look *look = data;
    struct look_task task = {look, pid};
    char path[64];
    look->count++;
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    each_number(path, look_at_task, &task);
}

void look_at_all(struct look *ret, pid_t top, bool (*skip)(pid_t)) {
    *ret = (struct look){0};
    each_process(top, skip, look_at_process, ret);
}

bool look_is_idle(pid_t pid) {
    static char status[STATUS];
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    slurp(path, status, sizeof status);
    return state_in(status) == 'S' && field(status, "\nSigPnd:", 16) == 0 &&
           field(status, "\nShdPnd:", 16) == 0;
}

bool look_is_stopped(pid_t pid) {
    pid_t parent;
    char state;
    return stat_of(pid, &parent, &state) && (state == 'T' || state == 't');
}

static void printable(char *text, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (text[i] < ' ' || text[i] == 0x7f)
            text[i] = ' ';
}

static void print_process(pid_t pid, void *data) {
    char path[64], name[64], arguments[400], state = '?';
    pid_t parent;
    if (!stat_of(pid, &parent, &state))
        return;
    snprintf(path, sizeof path, "/proc/%d/comm", pid);
    size_t n = slurp(path, name, sizeof name);
    if (n > 0)
        name[n - 1] = '\0';
    printable(name, strlen(name));
    for (char *space; (space = strchr(name, ' '));)
        *space = '_';
    snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
    n = slurp(path, arguments, sizeof arguments);
    printable(arguments, n > 0 ? n - 1 : 0);
    printf("%s %d %c %s %s\n", (const char *)data, pid, state, name, arguments);
}

void look_print_all(const char *word, pid_t top, bool (*skip)(pid_t)) {
    char copy[32];
    snprintf(copy, sizeof copy, "%s", word);
    each_process(top, skip, print_process, copy);
}

struct state_file {
    FILE *file;
    pid_t pid;
};

static void write_file(FILE *to, const char *label, const char *path) {
    char text[TEXT];
    slurp(path, text, sizeof text);
    text[strcspn(text, "\n")] = '\0';
    fprintf(to, " %s=%s", label, *text ? text : "?");
}

static void write_task(pid_t tid, void *data) {
    struct state_file *state = data;
    char path[96], text[TEXT];
    static const char *const files[] = {"comm", "wchan", "syscall"};
    fprintf(state->file, "  thread %d", tid);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(path, sizeof path, "/proc/%d/task/%d/%s", state->pid, tid, files[i]);
        write_file(state->file, files[i], path);
    }
    snprintf(path, sizeof path, "/proc/%d/task/%d/status", state->pid, tid);
    slurp(path, text, sizeof text);
    fprintf(state->file, " state=%c\n", state_in(text));
    snprintf(path, sizeof path, "/proc/%d/task/%d/stack", state->pid, tid);
    if (slurp(path, text, sizeof text) > 0)
        fprintf(state->file, "%s", text);
}

static void write_descriptor(pid_t fd, void *data) {
    struct state_file *state = data;
    char path[64], target[256];
    snprintf(path, sizeof path, "/proc/%d/fd/%d", state->pid, fd);
    ssize_t n = readlink(path, target, sizeof target - 1);
    target[n > 0 ? n : 0] = '\0';
    fprintf(state->file, "  descriptor %d %s\n", fd, target);
}

static void write_process(pid_t pid, void *data) {
    struct state_file *state = data;
    static char text[TEXT]; /* those of the threads are on the stack */
    char path[64];
    state->pid = pid;
    snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
    size_t n = slurp(path, text, sizeof text);
    printable(text, n > 0 ? n - 1 : 0);
    fprintf(state->file, "process %d %s\n", pid, text);
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    each_number(path, write_task, state);
    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    each_number(path, write_descriptor, state);
}

void look_write_state(const char *path, pid_t top) {
    unlink(path); /* the program may have made one that lets us wait, or a link */
    struct state_file state = {.file = fopen(path, "wxe")};
    if (!state.file)
        return;
    each_process(top, NULL, write_process, &state);
    fclose(state.file);
}

/* The second look is at the process that the descriptor pins. */
static void kill_process(pid_t pid, void *data) {
    pid_t top = *(pid_t *)data;
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (fd < 0)
        return;
    if (descends(pid, top))
        (void)syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
    close(fd);
}

void look_kill_all(pid_t top) {
    each_process(top, NULL, kill_process, &top);
}
