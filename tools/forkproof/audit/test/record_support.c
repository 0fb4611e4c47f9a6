#include "record_support.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

void (*fp_point_hook)(enum fp_point);

enum { SHRINK = 2, GROW = 4, ADD_SEALS = 1033 };

int make_record(size_t chunks, unsigned flags) {
    size_t size = FP_AUDIT_HEAD + chunks * FP_AUDIT_CHUNK;
    int fd = memfd_create("record", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    struct fp_audit_head head = {.magic = FP_AUDIT_MAGIC,
                                 .version = FP_AUDIT_VERSION,
                                 .chunk = FP_AUDIT_CHUNK,
                                 .size = size,
                                 .used = FP_AUDIT_HEAD,
                                 .began = 11,
                                 .began_epoch = 12};
    cr_assert(fd >= 0 && ftruncate(fd, (off_t)size) == 0);
    cr_assert_eq(pwrite(fd, &head, sizeof head, 0), (ssize_t)sizeof head);
    if (!(flags & NOT_SEALED))
        cr_assert_eq(fcntl(fd, ADD_SEALS, SHRINK | GROW), 0);
    return fd;
}

bool opens(int fd) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)getpid(), fd);
    return fp_log_open(path);
}

int write_record(size_t chunks) {
    int fd = make_record(chunks, 0);
    cr_assert(opens(fd) && fp_log_is_on());
    return fd;
}

struct fp_record *read_record(int fd) {
    struct fp_record *record = NULL;
    char why[FP_RECORD_WHY] = "";
    int r = fp_record_read(fd, &record, why);
    cr_assert_eq(r, 0, "%s", why);
    look_at_all(record);
    return record;
}

/* --- looking --- */

/* So that a sanitizer sees each byte read. */
static unsigned sum;

static void touch(const void *at, size_t size) {
    for (size_t i = 0; i < size; i++)
        sum += ((const unsigned char *)at)[i];
}

static void look_at_event(const struct fp_record *record, size_t number, uint64_t *before) {
    struct fp_record_event event = fp_record_event(record, number);
    size_t mappings[4];
    cr_assert(event.kind > 0 && event.kind < FP_AUDIT_KINDS);
    cr_assert(event.pid > 0 && event.tid > 0 && event.time >= *before);
    cr_assert_lt(event.process, fp_record_process_count(record));
    cr_assert_eq(fp_record_process(record, event.process)->pid, event.pid);
    touch(event.text.at, event.text.size);
    touch(event.exe.at, event.exe.size);
    touch(event.registers, event.register_count * sizeof *event.registers);
    touch(event.stack, event.stack_size);
    cr_assert_eq(event.machine != 0, event.register_count != 0);
    size_t count = fp_record_mappings(record, number, mappings, 4);
    for (size_t i = 0; i < count && i < 4; i++)
        cr_assert_eq(fp_record_event(record, mappings[i]).kind, FP_AUDIT_MAPPING);
    *before = event.time;
}

void look_at_all(const struct fp_record *record) {
    uint64_t before = 0;
    size_t events = 0;
    size_t count = fp_record_process_count(record);
    for (size_t i = 0; i < fp_record_event_count(record); i++)
        look_at_event(record, i, &before);
    for (size_t i = 0; i < count; i++) {
        const struct fp_record_process *process = fp_record_process(record, i);
        size_t steps = 0;
        for (size_t at = i; at != FP_RECORD_NONE; at = fp_record_process(record, at)->starter)
            cr_assert(at < count && steps++ <= count);
        cr_assert(process->first <= process->last && process->events > 0);
        events += process->events;
    }
    cr_assert_eq(events, fp_record_event_count(record));
    const struct fp_record_losses *losses = fp_record_losses(record);
    for (size_t i = 0; i < losses->damaged && i < FP_RECORD_DAMAGES; i++)
        cr_assert(losses->damages[i].why[0]);
}

size_t count_kind(const struct fp_record *record, enum fp_audit_kind kind) {
    size_t count = 0;
    for (size_t i = 0; i < fp_record_event_count(record); i++)
        count += fp_record_event(record, i).kind == kind;
    return count;
}

/* --- writing --- */

static enum fp_point deadly;
static unsigned left;

static void die(enum fp_point point) {
    if (point == deadly && --left == 0)
        raise(SIGKILL);
}

void die_at(enum fp_point point, unsigned n) {
    deadly = point;
    left = n;
    fp_point_hook = die;
}

int in_child(void (*action)(void)) {
    int status;
    fp_log_prepare();
    pid_t child = fork();
    if (child == 0) {
        action();
        _exit(0);
    }
    cr_assert(child > 0 && waitpid(child, &status, 0) == child);
    return status;
}

static void torn(void) {
    struct fp_audit_mapping mapping = {.start = 4096, .end = 8192};
    fp_log_body(FP_AUDIT_MAPPING, &mapping, NULL);
    die_at(FP_POINT_LOG_WRITTEN, 1);
    fp_log_exit(FP_ENDED_EXIT, 7, NULL);
}

/* An event whose body has a text. */
static void write_text(enum fp_audit_kind kind, const void *body, size_t size, const char *text) {
    fp_log(
        &(const struct fp_log_event){.kind = kind, .parts = {{body, size}, {text, strlen(text)}}},
        NULL);
}

#define WRITE_TEXT(kind, text, ...) write_text(kind, &(__VA_ARGS__), sizeof(__VA_ARGS__), text)

/* What an audit looks at beyond what hardening needs. */
static void write_watched(void) {
    struct fp_audit_atexit handler = {.handler = 4711};
    struct fp_audit_caught caught = {.unused = 0};
    struct fp_audit_inherited inherited = {.fd = 3, .mode = 0100644, .flags = 2, .inode = 9};
    fp_log_body(FP_AUDIT_INHERITED, &inherited, NULL);
    WRITE_TEXT(FP_AUDIT_VARIABLE, "PATH=Path",
               (struct fp_audit_variable_event){.what = FP_VARIABLE_CASE});
    WRITE_TEXT(FP_AUDIT_SHELL, "ls $1",
               (struct fp_audit_shell){.how = FP_FORKED_SYSTEM, .flags = FP_SHELL_LITERAL});
    WRITE_TEXT(FP_AUDIT_UNSAFE, "malloc", (struct fp_audit_unsafe){.flags = FP_UNSAFE_IN_CHILD});
    fp_log_body(FP_AUDIT_ATEXIT, &handler, NULL);
    fp_log_body(FP_AUDIT_CAUGHT, &caught, NULL);
    WRITE_TEXT(FP_AUDIT_LEFT, "daemon",
               (struct fp_audit_left){.pid = 7, .signal = 9, .flags = FP_LEFT_ZOMBIE, .start = 3});
    WRITE_TEXT(FP_AUDIT_STALL, "pipe-full-deadlock\n7 waits\n", (struct fp_audit_stall){.pid = 7});
    WRITE_TEXT(FP_AUDIT_ROOT, "/src", (struct fp_audit_root){.pid = 7, .status = 256, .ended = 5});
}

size_t write_sample(int fd) {
    struct fp_here here;
    struct fp_audit_wait wait = {.asked = -1, .got = 7, .flags = FP_WAIT_NO_POINTER};
    struct fp_audit_kill kill = {.target = -7, .signal = 15, .result = -3};
    struct fp_audit_descriptor opened = {.what = FP_TOUCHED_OPEN, .fd = 3, .other = -1};
    struct fp_audit_handler handler = {.signal = 17, .handler = 4711};
    struct fp_audit_pdeathsig pdeathsig = {.signal = 9, .parent = 1};
    fp_here_take(&here);
    cr_assert(opens(fd));
    fp_log_image(NULL);
    fp_log_fork(FP_FORKED_FORK, 7, &here);
    fp_log_exec("./sample", 0, NULL);
    fp_log_wait(&wait, NULL);
    fp_log_kill(&kill, &here);
    fp_log_discard(FP_DISCARDED_BY_WAIT, 7, 256, NULL);
    fp_log_opened(&opened, "/tmp/file", NULL);
    fp_log_handler(&handler, NULL);
    fp_log_pdeathsig(&pdeathsig, NULL);
    write_watched();
    fp_log_exit(FP_ENDED_RETURN, 3, NULL);
    int status = in_child(torn);
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return FP_AUDIT_HEAD + 2 * FP_AUDIT_CHUNK;
}

/* --- by hand --- */

struct by_hand by_hand(size_t chunks) {
    size_t size = FP_AUDIT_HEAD + chunks * FP_AUDIT_CHUNK;
    struct by_hand made = {.bytes = calloc(1, size), .size = size};
    struct fp_audit_head head = {.magic = FP_AUDIT_MAGIC,
                                 .version = FP_AUDIT_VERSION,
                                 .chunk = FP_AUDIT_CHUNK,
                                 .size = size,
                                 .used = size};
    cr_assert_not_null(made.bytes);
    memcpy(made.bytes, &head, sizeof head);
    return made;
}

void put_chunk(struct by_hand *to, uint32_t number, uint32_t first, uint32_t from, pid_t pid,
               pid_t parent) {
    struct fp_audit_chunk chunk = {.magic = FP_AUDIT_CHUNK_MAGIC,
                                   .first = first,
                                   .from = from,
                                   .pid = pid,
                                   .parent = parent,
                                   .time = 1};
    to->at = to->bytes + FP_AUDIT_HEAD + (size_t)number * FP_AUDIT_CHUNK;
    memcpy(to->at, &chunk, sizeof chunk);
    to->at += sizeof chunk;
}

void put_event(struct by_hand *to, enum fp_audit_kind kind, pid_t pid, uint64_t time,
               const void *body, size_t size) {
    struct fp_audit_event event = {.size = (uint32_t)(sizeof event + size),
                                   .kind = (uint16_t)kind,
                                   .pid = pid,
                                   .tid = pid,
                                   .time = time,
                                   .body = (uint16_t)size};
    memcpy(to->at, &event, sizeof event);
    memcpy(to->at + sizeof event, body, size);
    to->at += sizeof event + size;
}

struct fp_record *read_by_hand(struct by_hand *from) {
    int fd = memfd_create("record", MFD_CLOEXEC);
    cr_assert_eq(write(fd, from->bytes, from->size), (ssize_t)from->size);
    free(from->bytes);
    struct fp_record *record = read_record(fd);
    close(fd);
    return record;
}
