/*
 * A member that does to the record of its audit what it can: record_scribbler WHAT. Needs no hooks.
 *
 *   head, chunks, events   random bytes over the head, the heads of chunks, the sizes of events
 *   all                    random bytes over everything in use
 *   fill, zero, hole       0xff over it, zeros, or its pages taken away
 *   huge, nothing          the counter of bytes in use
 *   seal                   what would make others fault or fail: it must not be possible (status 4)
 *   forge TEXT             events that are in order and lie, with that text everywhere
 *   forks                  random bytes while children are forked, execute and are waited for
 *
 * Then it leaves a child behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../../shim/record/audit.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

static unsigned seed = 1;

static unsigned char any(void) {
    return (unsigned char)((seed = seed * 1103515245 + 12345) >> 16);
}

static void scatter(char *at, size_t size) {
    for (size_t i = 0; i < size; i++)
        at[i] = (char)any();
}

/* --- what is there --- */

struct record {
    int fd;
    char *bytes;
    size_t size, used;
};

static struct fp_audit_head *head_of(const struct record *record) {
    return (void *)record->bytes;
}

static char *chunk_at(const struct record *record, size_t number) {
    return record->bytes + FP_AUDIT_HEAD + number * FP_AUDIT_CHUNK;
}

static size_t chunks_of(const struct record *record) {
    return (record->used - FP_AUDIT_HEAD) / FP_AUDIT_CHUNK;
}

static int open_record(struct record *ret) {
    const char *path = getenv("FORKPROOF_RECORD");
    struct stat status;
    ret->fd = path ? open(path, O_RDWR) : -1;
    if (ret->fd < 0 || fstat(ret->fd, &status) < 0)
        return -1;
    ret->size = (size_t)status.st_size;
    ret->bytes = mmap(NULL, ret->size, PROT_READ | PROT_WRITE, MAP_SHARED, ret->fd, 0);
    if (ret->bytes == MAP_FAILED)
        return -1;
    ret->used = atomic_load(&head_of(ret)->used);
    return ret->used < FP_AUDIT_HEAD || ret->used > ret->size ? -1 : 0;
}

/* --- damage --- */

static void spoil_chunks(const struct record *record) {
    for (size_t i = 0; i < chunks_of(record); i++)
        scatter(chunk_at(record, i), sizeof(struct fp_audit_chunk));
}

/* The size of every third event, as far as they can be told. */
static void spoil_events(const struct record *record) {
    for (size_t i = 0; i < chunks_of(record); i++) {
        char *chunk = chunk_at(record, i);
        size_t at = sizeof(struct fp_audit_chunk);
        for (unsigned number = 0; at <= FP_AUDIT_CHUNK - sizeof(struct fp_audit_event); number++) {
            struct fp_audit_event *event = (void *)(chunk + at);
            uint32_t size = atomic_load(&event->size) & ~FP_AUDIT_OPEN;
            if (size < sizeof *event || size > FP_AUDIT_CHUNK - at)
                break;
            if (number % 3 == 2)
                atomic_store(&event->size, (uint32_t)any() << 8 | any());
            at += size;
        }
    }
}

/* 0: as it should be. */
static int try_to_seal(const struct record *record) {
    int seals = fcntl(record->fd, F_GET_SEALS);
    if (ftruncate(record->fd, 0) == 0 || ftruncate(record->fd, (off_t)record->size * 2) == 0)
        return 4;
    (void)fcntl(record->fd, F_ADD_SEALS, F_SEAL_WRITE);
    (void)fcntl(record->fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE);
    (void)fcntl(record->fd, F_ADD_SEALS, F_SEAL_SEAL);
    return fcntl(record->fd, F_GET_SEALS) == seals ? 0 : 4;
}

/* --- forgery --- */

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Where the next event goes. */
static char *next;

static void begin_chunk(const struct record *record, pid_t pid) {
    uint64_t at = atomic_fetch_add(&head_of(record)->used, FP_AUDIT_CHUNK);
    if (at > record->size - FP_AUDIT_CHUNK)
        exit(5);
    struct fp_audit_chunk *chunk = (void *)(record->bytes + at);
    chunk->first = (uint32_t)((at - FP_AUDIT_HEAD) / FP_AUDIT_CHUNK) + 1;
    chunk->pid = pid;
    chunk->parent = getpid();
    chunk->time = now();
    atomic_store(&chunk->magic, FP_AUDIT_CHUNK_MAGIC);
    next = (char *)(chunk + 1);
}

static void forge(pid_t pid, enum fp_audit_kind kind, const void *body, size_t size,
                  const char *text, size_t length) {
    struct fp_audit_event *event = (void *)next;
    uint32_t whole = (uint32_t)(sizeof *event + (size + length + 7) / 8 * 8);
    event->kind = (uint16_t)kind;
    event->pid = event->tid = pid;
    event->time = now();
    event->body = (uint16_t)(size + length);
    memcpy(event + 1, body, size);
    memcpy((char *)(event + 1) + size, text, length);
    atomic_store(&event->size, whole);
    next += whole;
}

#define FORGE(pid, kind, text, length, ...)                                                        \
    forge(pid, kind, &(__VA_ARGS__), sizeof(__VA_ARGS__), text, length)

/* A process that never was, its image and what it left, under a name from the test. */
static void forge_process(const struct record *record, pid_t pid, const char *text) {
    static char image[8000], stall[3000];
    size_t length = strnlen(text, 1000), used = 0;
    while (used + 2 * length + 2 < sizeof image) {
        memcpy(image + used, text, length);
        used += length + 1;
    }
    memcpy(image + used, text, length);
    int lines = snprintf(stall, sizeof stall, "pipe-full-deadlock\n%.1000s\n%.1000s", text, text);
    begin_chunk(record, pid);
    FORGE(pid, FP_AUDIT_IMAGE, image, used + length,
          (struct fp_audit_image){
              .parent = getpid(), .argv = (uint16_t)used, .exe = (uint16_t)length});
    FORGE(pid, FP_AUDIT_EXEC, text, length, (struct fp_audit_exec){.result = 0});
    FORGE(pid, FP_AUDIT_EXEC, text, length, (struct fp_audit_exec){.result = -ENOENT});
    FORGE(pid, FP_AUDIT_SHELL, text, length, (struct fp_audit_shell){.how = FP_FORKED_SYSTEM});
    FORGE(pid, FP_AUDIT_VARIABLE, text, length, (struct fp_audit_variable_event){0});
    FORGE(pid, FP_AUDIT_UNSAFE, text, length,
          (struct fp_audit_unsafe){.flags = FP_UNSAFE_IN_CHILD | FP_UNSAFE_THREADED});
    FORGE(pid, FP_AUDIT_LEFT, text, length, (struct fp_audit_left){.pid = pid, .signal = 9});
    FORGE(pid, FP_AUDIT_STALL, stall, (size_t)lines, (struct fp_audit_stall){.pid = pid});
    FORGE(pid, FP_AUDIT_ROOT, text, length, (struct fp_audit_root){.pid = pid, .status = 0});
    FORGE(pid, FP_AUDIT_DESCRIPTOR, text, length,
          (struct fp_audit_descriptor){.what = FP_TOUCHED_CLOSE, .fd = 9, .result = -EBADF});
    FORGE(pid, FP_AUDIT_FORK, "", 0, (struct fp_audit_fork){.child = 1});
    FORGE(pid, FP_AUDIT_WAIT, "", 0, (struct fp_audit_wait){.asked = 1, .got = 1, .status = -1});
}

/* The member's own processes are named, and so is process 1, for which forkproof writes. */
static void forge_all(const struct record *record, const char *text) {
    static const pid_t others[] = {1, 2, 0x7fffffff};
    forge_process(record, getpid(), text);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        forge_process(record, others[i], text);
}

/* --- all of it --- */

static void fork_meanwhile(const struct record *record) {
    pid_t spoiler = fork();
    if (spoiler == 0)
        for (;;)
            scatter(record->bytes, record->used);
    for (int i = 0; spoiler > 0 && i < 100; i++) {
        char *const words[] = {(char[]){"true"}, NULL};
        pid_t child = fork();
        if (child == 0) {
            if (i % 2)
                execvp(words[0], words);
            _exit(0);
        }
        (void)waitpid(child, NULL, 0);
    }
    (void)kill(spoiler, SIGKILL);
    (void)waitpid(spoiler, NULL, 0);
}

static int scribble(const struct record *record, const char *what, const char *text) {
    if (strcmp(what, "head") == 0)
        scatter(record->bytes, sizeof(struct fp_audit_head));
    else if (strcmp(what, "chunks") == 0)
        spoil_chunks(record);
    else if (strcmp(what, "events") == 0)
        spoil_events(record);
    else if (strcmp(what, "all") == 0)
        scatter(record->bytes, record->used);
    else if (strcmp(what, "fill") == 0)
        memset(record->bytes, 0xff, record->used);
    else if (strcmp(what, "zero") == 0)
        memset(record->bytes, 0, record->used);
    else if (strcmp(what, "hole") == 0)
        return fallocate(record->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
                         (off_t)record->size) == 0
                   ? 0
                   : 6;
    else if (strcmp(what, "huge") == 0)
        atomic_store(&head_of(record)->used, UINT64_MAX - FP_AUDIT_CHUNK);
    else if (strcmp(what, "nothing") == 0)
        atomic_store(&head_of(record)->used, 0);
    else if (strcmp(what, "seal") == 0)
        return try_to_seal(record);
    else if (strcmp(what, "forge") == 0)
        forge_all(record, text);
    else if (strcmp(what, "forks") == 0)
        fork_meanwhile(record);
    else
        return 2;
    return 0;
}

int main(int argc, char **argv) {
    struct record record;
    if (argc < 2)
        return 2;
    if (open_record(&record) < 0)
        return 3;
    int r = scribble(&record, argv[1], argc > 2 ? argv[2] : "");
    if (fork() == 0)
        for (;;)
            pause();
    return r;
}
