/* One look at /proc: processes, their threads, and what each of those waits for. */
#include "waits.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proc.h"
#include "waits_inner.h"

int fp_each_number(const char *path, int visit(pid_t number, void *data), void *data) {
    DIR *dir = opendir(path);
    if (!dir)
        return -errno;
    int r = 0;
    for (struct dirent *e; r == 0 && (e = readdir(dir));)
        if (isdigit((unsigned char)e->d_name[0]))
            r = visit(atoi(e->d_name), data);
    closedir(dir);
    return r;
}

void *fp_grow(void *array, size_t *count, size_t size) {
    size_t n = *count;
    if (n == 0 || (n & (n - 1)) == 0) {
        array = reallocarray(array, n ? n * 2 : 1, size);
        if (!array)
            return NULL;
    }
    memset((char *)array + n * size, 0, size);
    *count = n + 1;
    return array;
}

static int add_process(pid_t pid, void *data) {
    struct fp_waits *waits = data;
    struct fp_proc_stat stat;
    if (fp_proc_stat(pid, &stat) < 0)
        return 0; /* vanished */
    size_t count = waits->process_count;
    struct fp_looked *larger = fp_grow(waits->processes, &count, sizeof *larger);
    if (!larger)
        return -ENOMEM;
    waits->processes = larger;
    waits->process_count = count;
    struct fp_looked *process = &larger[count - 1];
    process->pid = pid;
    process->parent = stat.ppid;
    process->group = stat.pgrp;
    process->born = stat.start;
    process->is_alive = fp_proc_alive(&stat);
    memcpy(process->name, stat.comm, sizeof process->name);
    return 0;
}

static int by_pid(const void *a, const void *b) {
    pid_t x = ((const struct fp_looked *)a)->pid, y = ((const struct fp_looked *)b)->pid;
    return (x > y) - (x < y);
}

static struct fp_looked *find(struct fp_waits *waits, pid_t pid) {
    struct fp_looked key = {.pid = pid};
    return waits->process_count
               ? bsearch(&key, waits->processes, waits->process_count, sizeof key, by_pid)
               : NULL;
}

static uint64_t field(const char *status, const char *name) {
    const char *at = strstr(status, name);
    return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

struct task {
    struct fp_waits *waits;
    size_t process;
};

static char *read_of_task(pid_t pid, pid_t tid, const char *file) {
    char path[80], *text;
    size_t length;
    snprintf(path, sizeof path, "/proc/%d/task/%d/%s", (int)pid, (int)tid, file);
    return fp_proc_slurp(path, &text, &length) < 0 ? NULL : text;
}

/* "0 0x3 0x7ffd… … SP PC"; "running"; "-1 SP PC" when it is blocked outside of a call. */
static void read_call(struct fp_wait *wait, pid_t pid) {
    wait->call = -1;
    wait->fd = -1;
    char *text = read_of_task(pid, wait->tid, "syscall");
    uint64_t *at = wait->at;
    long call;
    if (text && sscanf(text,
                       "%ld %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64
                       " %" SCNx64 " %" SCNx64,
                       &call, at, at + 1, at + 2, at + 3, at + 4, at + 5, at + 6, at + 7) == 9)
        wait->call = call;
    free(text);
    text = read_of_task(pid, wait->tid, "wchan");
    if (text && strcmp(text, "0") != 0)
        snprintf(wait->where, sizeof wait->where, "%.31s", text);
    free(text);
}

static int add_thread(pid_t tid, void *data) {
    struct task *task = data;
    struct fp_waits *waits = task->waits;
    struct fp_looked *process = &waits->processes[task->process];
    char *status = read_of_task(process->pid, tid, "status");
    const char *state = status ? strstr(status, "\nState:\t") : NULL;
    if (!state || strchr("ZX", state[8])) { /* vanished, or can do nothing any more */
        free(status);
        return 0;
    }
    size_t count = waits->wait_count;
    struct fp_wait *larger = fp_grow(waits->waits, &count, sizeof *larger);
    if (larger) {
        waits->waits = larger;
        waits->wait_count = count;
        process->count++;
        struct fp_wait *wait = &larger[count - 1];
        *wait = (struct fp_wait){.process = task->process, .tid = tid, .state = state[8]};
        wait->switches = field(status, "\nvoluntary_ctxt_switches:") +
                         field(status, "\nnonvoluntary_ctxt_switches:");
        read_call(wait, process->pid);
        if (wait->call >= 0)
            fp_wait_classify(wait, process->pid);
    }
    free(status);
    return larger ? 0 : -ENOMEM;
}

static int add_threads(struct fp_waits *waits, size_t process) {
    struct task task = {waits, process};
    struct fp_looked *at = &waits->processes[process];
    char path[64];
    at->first = waits->wait_count;
    snprintf(path, sizeof path, "/proc/%d/task", (int)at->pid);
    int r = fp_each_number(path, add_thread, &task);
    if (at->count == 0)
        at->is_alive = false;
    return r == -ENOMEM ? r : 0;
}

static int list(struct fp_waits *waits) {
    *waits = (struct fp_waits){0};
    int r = fp_each_number("/proc", add_process, waits);
    if (r == 0 && waits->process_count)
        qsort(waits->processes, waits->process_count, sizeof *waits->processes, by_pid);
    return r;
}

/* Of the members that are marked. */
static int look(struct fp_waits *waits) {
    int r = 0;
    for (size_t i = 0; r == 0 && i < waits->process_count; i++)
        if (waits->processes[i].is_member && waits->processes[i].is_alive)
            r = add_threads(waits, i);
    if (r == 0)
        r = fp_waits_find_ends(waits);
    if (r < 0)
        fp_waits_free(waits);
    return r;
}

int fp_waits_look(const pid_t *pids, size_t count, struct fp_waits *ret) {
    int r = list(ret);
    if (r < 0) {
        fp_waits_free(ret);
        return r;
    }
    for (size_t i = 0; i < count; i++) {
        struct fp_looked *process = find(ret, pids[i]);
        if (process && process->pid != getpid())
            process->is_member = true;
    }
    return look(ret);
}

static bool is_one_of(pid_t pid, const pid_t *pids, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (pids[i] == pid)
            return true;
    return false;
}

int fp_waits_look_below(pid_t top, struct fp_waits *ret) {
    return fp_waits_look_below_all(&top, 1, ret);
}

int fp_waits_look_below_all(const pid_t *tops, size_t count, struct fp_waits *ret) {
    int r = list(ret);
    if (r < 0) {
        fp_waits_free(ret);
        return r;
    }
    /* A child's pid may be the lower one: until nobody is added. */
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < ret->process_count; i++) {
            struct fp_looked *process = &ret->processes[i];
            const struct fp_looked *parent = find(ret, process->parent);
            if (process->is_member || is_one_of(process->pid, tops, count) ||
                process->pid == getpid() || !parent ||
                (!parent->is_member && !is_one_of(parent->pid, tops, count)))
                continue;
            more = process->is_member = true;
        }
    }
    return look(ret);
}

void fp_waits_free(struct fp_waits *waits) {
    for (size_t i = 0; i < waits->wait_count; i++)
        free(waits->waits[i].object);
    free(waits->processes);
    free(waits->waits);
    free(waits->ends);
    *waits = (struct fp_waits){0};
}
