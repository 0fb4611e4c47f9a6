/*
 * Writes a small record to FILE, the same on every machine: a seed for fuzz_record. A program, its
 * child that was forked, and one event torn.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "record_support.h"

/* A body and its text. */
struct body {
    size_t size;
    char bytes[128];
};

static struct body body_of(const void *fixed, size_t size, const char *text, size_t length) {
    struct body body = {.size = size + length};
    memcpy(body.bytes, fixed, size);
    memcpy(body.bytes + size, text, length);
    return body;
}

static void put(struct by_hand *to, enum fp_audit_kind kind, const void *fixed, size_t size,
                const char *text, size_t length) {
    static uint64_t time = 500000000;
    struct body body = body_of(fixed, size, text, length);
    put_event(to, kind, 100, ++time, body.bytes, body.size);
    // What put_event leaves to the caller: the end of a text is no end of a word.
    struct fp_audit_event *event = (void *)(to->at - body.size - sizeof *event);
    size_t rest = (8 - body.size % 8) % 8;
    event->size = (uint32_t)(event->size + rest);
    to->at += rest;
}

/* Behind the last event, which has no text: registers and a word of stack. */
static void put_stack(struct by_hand *to, size_t body) {
    struct fp_audit_event *event = (void *)(to->at - body - sizeof *event);
    uint64_t words[1 + FP_AUDIT_X86_64_REGISTERS + 1] = {1U << FP_AUDIT_X86_64_SP | 1U << 16};
    words[1 + FP_AUDIT_X86_64_SP] = 0x7ffc00001000;
    words[1 + 16] = 0x555500001234;
    event->machine = FP_AUDIT_X86_64;
    event->registers = FP_AUDIT_X86_64_REGISTERS;
    event->stack = 8;
    event->size = (uint32_t)(event->size + sizeof words);
    memcpy(to->at, words, sizeof words);
    to->at += sizeof words;
}

#define PUT(to, kind, text, ...)                                                                   \
    put(to, kind, &(__VA_ARGS__), sizeof(__VA_ARGS__), text, sizeof(text) - 1)

static void put_program(struct by_hand *to) {
    put_chunk(to, 0, 1, 0, 100, 1);
    PUT(to, FP_AUDIT_IMAGE, "make\0check\0/usr/bin/make",
        (struct fp_audit_image){.start = 49, .parent = 1, .argv = 11, .exe = 13});
    PUT(to, FP_AUDIT_MAPPING, "/usr/bin/make",
        (struct fp_audit_mapping){.start = 4096, .end = 8192, .build_id_size = 20});
    PUT(to, FP_AUDIT_FORK, "", (struct fp_audit_fork){.child = 200});
    put_stack(to, sizeof(struct fp_audit_fork));
    PUT(to, FP_AUDIT_WAIT, "", (struct fp_audit_wait){.asked = -1, .got = 200, .flags = 1});
    PUT(to, FP_AUDIT_KILL, "", (struct fp_audit_kill){.target = 200, .signal = 15, .result = -3});
    PUT(to, FP_AUDIT_DISCARD, "", (struct fp_audit_discard){.child = 200, .status = 256});
    PUT(to, FP_AUDIT_DESCRIPTOR, "/tmp/file", (struct fp_audit_descriptor){.what = 1, .fd = 3});
    PUT(to, FP_AUDIT_HANDLER, "", (struct fp_audit_handler){.signal = 17, .handler = 4711});
    PUT(to, FP_AUDIT_PDEATHSIG, "", (struct fp_audit_pdeathsig){.signal = 9, .parent = 1});
}

/* What an audit looks at beyond what hardening needs, and what forkproof adds. */
static void put_watched(struct by_hand *to) {
    PUT(to, FP_AUDIT_INHERITED, "", (struct fp_audit_inherited){.fd = 3, .mode = 0100644});
    PUT(to, FP_AUDIT_VARIABLE, "PATH=Path", (struct fp_audit_variable_event){FP_VARIABLE_CASE, 0});
    PUT(to, FP_AUDIT_EXEC, "./sh", (struct fp_audit_exec){.result = -2, .flags = FP_EXEC_MOVED});
    PUT(to, FP_AUDIT_SHELL, "ls $1", (struct fp_audit_shell){.how = FP_FORKED_POPEN});
    PUT(to, FP_AUDIT_UNSAFE, "malloc", (struct fp_audit_unsafe){.flags = FP_UNSAFE_IN_CHILD});
    PUT(to, FP_AUDIT_ATEXIT, "", (struct fp_audit_atexit){.handler = 4711});
    PUT(to, FP_AUDIT_CAUGHT, "", (struct fp_audit_caught){0});
    PUT(to, FP_AUDIT_STALL, "pipe-full-deadlock\n200 waits\na line",
        (struct fp_audit_stall){.pid = 200});
    PUT(to, FP_AUDIT_EXIT, "", (struct fp_audit_exit){.status = 2});
    PUT(to, FP_AUDIT_LEFT, "sleep", (struct fp_audit_left){.pid = 300, .signal = 15});
    PUT(to, FP_AUDIT_ROOT, "/src",
        (struct fp_audit_root){.pid = 100, .status = 512, .ended = 500000900});
}

static void put_child(struct by_hand *to) {
    struct fp_audit_exit exit = {.how = FP_ENDED_EXIT};
    put_chunk(to, 1, 2, 1, 200, 100);
    put_event(to, FP_AUDIT_EXIT, 200, 600000000, &exit, sizeof exit);
    ((struct fp_audit_event *)(void *)(to->at - sizeof exit - sizeof(struct fp_audit_event)))
        ->size |= FP_AUDIT_OPEN;
    put_event(to, FP_AUDIT_EXIT, 200, 600000001, &exit, sizeof exit);
}

static int write_corpus(const char *path) {
    struct by_hand made = by_hand(2);
    put_program(&made);
    put_watched(&made);
    put_child(&made);
    FILE *file = fopen(path, "we");
    if (!file || fwrite(made.bytes, 1, made.size, file) != made.size || fclose(file) != 0) {
        perror(path);
        return 1;
    }
    struct fp_record *record = read_by_hand(&made);
    cr_assert(fp_record_event_count(record) == 21 && fp_record_losses(record)->damaged == 0);
    fp_record_close(record);
    return 0;
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: record_corpus FILE\n");
        return 2;
    }
    return write_corpus(argv[1]);
}
