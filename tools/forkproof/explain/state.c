/* What the kernel says that each thread waits for: the warden's file of states (driver/look.c). */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "explain/markdown.h"
#include "explain/scene.h"

enum { THREADS_MOST = 8 };

/* What the process's descriptor is, from the lines of the same process that follow. */
static const char *descriptor(const char *at, unsigned long fd, int *ret_length) {
    size_t length;
    for (const char *line;
         (line = fp_next_line(&at, &length)) && strncmp(line, "process ", 8) != 0;) {
        unsigned long number;
        int used = 0;
        if (sscanf(line, "  descriptor %lu %n", &number, &used) == 1 && number == fd && used > 0 &&
            (size_t)used <= length) {
            *ret_length = (int)length - used;
            return line + used;
        }
    }
    return NULL;
}

static void print_call(FILE *out, const char *rest, long number, unsigned long argument) {
    const struct fp_call *call = fp_call_find(number);
    int length = 0;
    const char *target = call && call->of_descriptor ? descriptor(rest, argument, &length) : NULL;
    if (target)
        fprintf(out, "waits in %s(%lu), %.*s\n", call->name, argument, length, target);
    else if (call)
        fprintf(out, "waits in %s\n", call->name);
    else
        fprintf(out, "waits in system call %ld\n", number);
}

/* The text after the label, which is of one word. */
static bool field(const char *line, size_t length, const char *label, char *ret, size_t size) {
    const char *at = memmem(line, length, label, strlen(label));
    if (!at)
        return false;
    at += strlen(label);
    size_t n = 0, left = length - (size_t)(at - line);
    while (n < left && !isspace((unsigned char)at[n]))
        n++;
    snprintf(ret, size, "%.*s", (int)n, at);
    return n > 0;
}

static void print_thread(FILE *out, const char *line, size_t length, const char *rest, int tid,
                         const char *name) {
    char call[32] = "", where[64] = "", argument[32] = "", state[8] = "";
    field(line, length, " state=", state, sizeof state);
    fprintf(out, "%d  %s: ", tid, name);
    if (*state == 'Z') {
        fputs("a zombie\n", out);
        return;
    }
    const char *at = memmem(line, length, " syscall=", 9);
    if (at && sscanf(at, " syscall=%31s %31s", call, argument) == 2 &&
        isdigit((unsigned char)*call))
        print_call(out, rest, strtol(call, NULL, 10), strtoul(argument, NULL, 16));
    else if (*state == 'T')
        fputs("stopped\n", out);
    else if (field(line, length, " wchan=", where, sizeof where) && strcmp(where, "0") != 0 &&
             strcmp(where, "?") != 0)
        fprintf(out, "waits in the kernel's %s\n", where);
    else
        fputs(*state == 'R' ? "running\n" : "asleep\n", out);
}

/* Neither a stranger nor forkproof's own. */
static bool is_of_program(const char *name) {
    return strcmp(name, "stranger") != 0 && strcmp(name, "forkproof") != 0 &&
           strncmp(name, "fp-", 3) != 0;
}

static void print_state(FILE *out, const char *state) {
    size_t length, count = 0;
    for (const char *line, *at = state; (line = fp_next_line(&at, &length));) {
        char name[32];
        int tid;
        if (sscanf(line, "  thread %d ", &tid) != 1 ||
            !field(line, length, " comm=", name, sizeof name) || !is_of_program(name))
            continue;
        if (++count <= THREADS_MOST)
            print_thread(out, line, length, at, tid, name);
    }
    if (count > THREADS_MOST)
        fprintf(out, "... and %zu more\n", count - THREADS_MOST);
}

char *fp_state_lines(const char *state) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    print_state(out, state);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}
