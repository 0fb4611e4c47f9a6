/* A wait and a cycle as sentences. */
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "escape.h"
#include "waits.h"
#include "waits_words.h"

enum { HOLDERS_MOST = 4, CLAUSES_MOST = 8 };

static void put_escaped(FILE *out, const char *text) {
    size_t length = strlen(text), size = 4 * length + 1;
    char *copy = malloc(size);
    if (!copy) {
        fputs("?", out);
        return;
    }
    fp_escape(text, length, copy, size);
    fputs(copy, out);
    free(copy);
}

void fp_put_process(FILE *out, const struct fp_waits *waits, size_t process) {
    put_escaped(out, waits->processes[process].name);
    fprintf(out, " (%d)", (int)waits->processes[process].pid);
}

void fp_put_thread(FILE *out, const struct fp_waits *waits, const struct fp_wait *wait) {
    pid_t pid = waits->processes[wait->process].pid;
    put_escaped(out, waits->processes[wait->process].name);
    if (wait->tid == pid)
        fprintf(out, " (%d)", (int)pid);
    else
        fprintf(out, " (%d, thread %d)", (int)pid, (int)wait->tid);
}

void fp_put_object(FILE *out, const struct fp_wait *wait) {
    if (strncmp(wait->key, "fifo:", 5) == 0)
        fputs("fifo ", out);
    put_escaped(out, wait->object ? wait->object : "?");
}

struct list {
    FILE *out;
    const struct fp_waits *waits;
    size_t count, self;
    size_t at[HOLDERS_MOST];
};

static bool collect(size_t process, void *data) {
    struct list *list = data;
    if (list->count < HOLDERS_MOST)
        list->at[list->count] = process;
    list->count++;
    return true;
}

size_t fp_put_wakers(FILE *out, const struct fp_waits *waits, const struct fp_wait *wait) {
    struct list list = {.out = out, .waits = waits};
    fp_waits_each_waker(waits, wait, collect, &list);
    size_t shown = list.count < HOLDERS_MOST ? list.count : HOLDERS_MOST;
    for (size_t i = 0; i < shown; i++) {
        if (i > 0)
            fputs(i + 1 == list.count ? " and " : ", ", out);
        fp_put_process(out, waits, list.at[i]);
        if (list.at[i] == wait->process)
            fputs(" itself", out);
    }
    if (list.count > shown)
        fprintf(out, " and %zu more", list.count - shown);
    return list.count;
}

static size_t count_wakers(const struct fp_waits *waits, const struct fp_wait *wait) {
    struct list list = {.count = 0};
    fp_waits_each_waker(waits, wait, collect, &list);
    return list.count;
}

const char *fp_wait_verb(const struct fp_wait *wait) {
    switch (wait->kind) {
    case FP_WAIT_READ:
        return "waits to read";
    case FP_WAIT_WRITE:
        return "waits to write";
    case FP_WAIT_OPEN_READ:
    case FP_WAIT_OPEN_WRITE:
        return "waits to open";
    case FP_WAIT_LOCK:
        return "waits to lock";
    case FP_WAIT_CHILD:
    case FP_WAIT_VFORK:
    case FP_WAIT_FUTEX:
    case FP_WAIT_SIGNAL:
        return "waits for";
    case FP_WAIT_OTHER:
        break;
    }
    return "is in";
}

static void tell_children(FILE *out, const struct fp_waits *waits, const struct fp_wait *wait) {
    size_t count = count_wakers(waits, wait);
    fputs(count == 1 ? " its child " : count == 0 ? " a child" : " one of its children ", out);
    fp_put_wakers(out, waits, wait);
    fputs(wait->kind == FP_WAIT_VFORK ? " to exec or end" : " to end", out);
}

static void tell_pipe(FILE *out, const struct fp_waits *waits, const struct fp_wait *wait) {
    bool is_read = wait->kind == FP_WAIT_READ;
    fputc(' ', out);
    fp_put_object(out, wait);
    fputs(is_read ? ", which is empty" : ", which is full", out);
    if (!is_read && wait->queued > 0)
        fprintf(out, " (%ld bytes)", wait->queued);
    size_t count = count_wakers(waits, wait);
    if (count == 0)
        return;
    fputs(" and which only ", out);
    fp_put_wakers(out, waits, wait);
    fputs(is_read ? " can write" : count == 1 ? " reads" : " read", out);
}

static void tell_other(FILE *out, const struct fp_wait *wait) {
    const struct fp_call *call = wait->call >= 0 ? fp_call_find(wait->call) : NULL;
    if (call)
        fprintf(out, " %s", call->name);
    else if (wait->call >= 0)
        fprintf(out, " system call %ld", wait->call);
    else
        fprintf(out, " state %c", wait->state);
    if (*wait->where) {
        fputs(", in the kernel's ", out);
        put_escaped(out, wait->where);
    }
}

void fp_wait_tell(FILE *out, const struct fp_waits *waits, const struct fp_wait *wait) {
    fp_put_thread(out, waits, wait);
    fprintf(out, " %s", fp_wait_verb(wait));
    switch (wait->kind) {
    case FP_WAIT_READ:
    case FP_WAIT_WRITE:
        tell_pipe(out, waits, wait);
        break;
    case FP_WAIT_OPEN_READ:
    case FP_WAIT_OPEN_WRITE:
        fputc(' ', out);
        fp_put_object(out, wait);
        fputs(wait->kind == FP_WAIT_OPEN_READ ? " for reading, which nobody has open for writing"
                                              : " for writing, which nobody has open for reading",
              out);
        break;
    case FP_WAIT_CHILD:
    case FP_WAIT_VFORK:
        tell_children(out, waits, wait);
        break;
    case FP_WAIT_LOCK:
        fputc(' ', out);
        fp_put_object(out, wait);
        fputs(", which is locked by ", out);
        if (fp_put_wakers(out, waits, wait) == 0)
            fputs("somebody who is not seen", out);
        break;
    case FP_WAIT_FUTEX:
        fputs(waits->processes[wait->process].count == 1
                  ? " a lock in its own memory, and has no other thread to release it"
                  : " a lock in its own memory, as all its threads do or wait for another",
              out);
        break;
    case FP_WAIT_SIGNAL:
        fputs(" a signal", out);
        break;
    case FP_WAIT_OTHER:
        tell_other(out, wait);
        break;
    }
}

void fp_cycle_tell(FILE *out, const struct fp_waits *waits, const struct fp_cycle *cycle) {
    size_t shown = cycle->wait_count < CLAUSES_MOST ? cycle->wait_count : CLAUSES_MOST;
    for (size_t i = 0; i < shown; i++) {
        fputs(i ? "; " : "", out);
        fp_wait_tell(out, waits, &waits->waits[cycle->waits[i]]);
    }
    if (cycle->wait_count > shown)
        fprintf(out, "; and %zu more wait", cycle->wait_count - shown);
    fputs(cycle->process_count == 1   ? ": it cannot go on"
          : cycle->process_count == 2 ? ": neither can go on"
                                      : ": none of them can go on",
          out);
    if (cycle->by_name)
        fputs(" unless somebody opens the fifo", out);
    if (cycle->by_signal)
        fputs(cycle->by_name ? " or sends a signal" : " unless a signal comes", out);
}
