#include "rules_stage.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rules/scene_inner.h"

#define TICK UINT64_C(10000000)

enum { STACKS = 256, CHUNKS = 32, SIZE = FP_AUDIT_HEAD + CHUNKS * FP_AUDIT_CHUNK };

static struct {
    char bytes[SIZE];
    struct part { /* a chunk */
        pid_t pid;
        char *at; /* where its next event goes */
    } parts[CHUNKS];
    uint32_t part_count;
    uint64_t time;
    uint64_t pc, sp;       /* for the next events; 0: they have no stack */
    struct fp_stack stack; /* for the next events, without being unwound */
    struct set {
        uint64_t time; /* of the event */
        struct fp_stack stack;
    } sets[STACKS];
    size_t set_count;
    struct fp_record *record;
    struct fp_scene *scene;
} stage;

static const struct fp_gotcha gotchas[] = {
    {.id = "pipe-full-deadlock", .title = "a title", .severity = "error", .audit = "x"},
    {.id = "fd-leak", .title = "a title", .severity = "warning", .audit = "x"},
};

/* What the last run has made. */
static void strike(void) {
    fp_scene_close(stage.scene);
    fp_record_close(stage.record);
    stage.scene = NULL;
    stage.record = NULL;
}

void fp_stage_begin(void) {
    strike();
    memset(&stage, 0, sizeof stage);
    struct fp_audit_head head = {.magic = FP_AUDIT_MAGIC,
                                 .version = FP_AUDIT_VERSION,
                                 .chunk = FP_AUDIT_CHUNK,
                                 .size = SIZE,
                                 .used = SIZE,
                                 .began = 1};
    memcpy(stage.bytes, &head, sizeof head);
    stage.time = 1000 * TICK;
}

/* The newest chunk of the process, counted from 1; 0: it has none. */
static uint32_t part_of(pid_t pid) {
    uint32_t part = stage.part_count;
    while (part > 0 && stage.parts[part - 1].pid != pid)
        part--;
    return part;
}

static void add_part(pid_t pid, pid_t parent, uint32_t from) {
    uint32_t number = stage.part_count++;
    cr_assert_lt(number, (uint32_t)CHUNKS);
    struct fp_audit_chunk chunk = {.magic = FP_AUDIT_CHUNK_MAGIC,
                                   .first = number + 1,
                                   .from = from,
                                   .pid = pid,
                                   .parent = parent,
                                   .time = stage.time};
    char *at = stage.bytes + FP_AUDIT_HEAD + (size_t)number * FP_AUDIT_CHUNK;
    memcpy(at, &chunk, sizeof chunk);
    stage.parts[number] = (struct part){pid, at + sizeof chunk};
}

void fp_stage_stack(uint64_t pc, uint64_t sp) {
    stage.pc = pc;
    stage.sp = sp;
}

void fp_stage_frames(struct fp_frame *frames, size_t count) {
    stage.stack = (struct fp_stack){.frames = frames, .count = count};
}

static void set_frames(uint64_t time) {
    cr_assert_lt(stage.set_count, (size_t)STACKS);
    stage.sets[stage.set_count++] = (struct set){time, stage.stack};
}

/* The first of those that have the same frames, as the scene keeps a stack once. */
static const struct fp_stack *stack_at(uint64_t time) {
    size_t at = 0, first = 0;
    while (at < stage.set_count && stage.sets[at].time != time)
        at++;
    if (at == stage.set_count)
        return NULL;
    while (stage.sets[first].stack.frames != stage.sets[at].stack.frames)
        first++;
    return &stage.sets[first].stack;
}

/* One frame, which nobody has called. */
struct frame {
    uint64_t known, registers[FP_AUDIT_X86_64_REGISTERS];
    uint64_t stack[2];
};

enum { RBP = 6, RIP = FP_AUDIT_X86_64_REGISTERS - 1 };

static void put_frame(struct fp_audit_event *event, void *at) {
    struct frame frame = {.known = 1U << RBP | 1U << FP_AUDIT_X86_64_SP | 1U << RIP};
    frame.registers[RBP] = frame.registers[FP_AUDIT_X86_64_SP] = stage.sp;
    frame.registers[RIP] = stage.pc;
    event->machine = FP_AUDIT_X86_64;
    event->registers = FP_AUDIT_X86_64_REGISTERS;
    event->stack = sizeof frame.stack;
    event->size += (uint32_t)sizeof frame;
    memcpy(at, &frame, sizeof frame);
}

void fp_stage_event(enum fp_audit_kind kind, pid_t pid, pid_t tid, const void *body, size_t size,
                    const char *text) {
    if (part_of(pid) == 0)
        add_part(pid, 1, 0);
    struct part *part = &stage.parts[part_of(pid) - 1];
    size_t all = size + strlen(text), rounded = (all + 7) & ~(size_t)7;
    struct fp_audit_event event = {.size = (uint32_t)(sizeof event + rounded),
                                   .kind = (uint16_t)kind,
                                   .pid = pid,
                                   .tid = tid,
                                   .time = stage.time += TICK,
                                   .body = (uint16_t)all};
    if (stage.stack.count)
        set_frames(event.time);
    if (stage.pc)
        put_frame(&event, part->at + sizeof event + rounded);
    memcpy(part->at, &event, sizeof event);
    memcpy(part->at + sizeof event, body, size);
    memcpy(part->at + sizeof event + size, text, strlen(text));
    part->at += event.size;
}

void fp_stage_image(pid_t pid, pid_t parent, const char *path, const char *argv, size_t argv_size) {
    char body[sizeof(struct fp_audit_image) + 1024] = "";
    struct fp_audit_image image = {.start = 1 + (uint64_t)(pid % 100),
                                   .parent = parent,
                                   .argv = (uint16_t)argv_size,
                                   .exe = (uint16_t)strlen(path)};
    add_part(pid, parent, 0);
    memcpy(body, &image, sizeof image);
    memcpy(body + sizeof image, argv, argv_size);
    fp_stage_event(FP_AUDIT_IMAGE, pid, pid, body, sizeof image + argv_size, path);
}

void fp_stage_forked(pid_t parent, pid_t tid, const struct fp_audit_fork *fork) {
    uint32_t from = part_of(parent);
    fp_stage_event(FP_AUDIT_FORK, parent, tid, fork, sizeof *fork, "");
    add_part(fork->child, parent, from);
}

void fp_stage_fork(pid_t parent, pid_t tid, pid_t child) {
    struct fp_audit_fork fork = {.child = child, .how = FP_FORKED_FORK};
    fp_stage_forked(parent, tid, &fork);
}

uint64_t fp_stage_time(void) {
    return stage.time;
}

void fp_stage_child(pid_t child, pid_t parent, pid_t wrote) {
    add_part(child, parent, part_of(wrote));
}

void fp_stage_pipe(pid_t pid, pid_t tid, int reading, int writing, unsigned flags) {
    struct fp_audit_descriptor made = {
        .what = FP_TOUCHED_PIPE, .fd = reading, .other = writing, .flags = flags};
    fp_stage_event(FP_AUDIT_DESCRIPTOR, pid, tid, &made, sizeof made, "");
}

void fp_stage_touch(pid_t pid, enum fp_audit_touched what, int fd, int other, int result) {
    EVENT(FP_AUDIT_DESCRIPTOR, pid, "",
          (struct fp_audit_descriptor){.what = what, .fd = fd, .other = other, .result = result});
}

void fp_stage_open(pid_t pid, int fd, const char *path, unsigned flags) {
    EVENT(FP_AUDIT_DESCRIPTOR, pid, path,
          (struct fp_audit_descriptor){
              .what = FP_TOUCHED_OPEN, .fd = fd, .other = -1, .flags = flags});
}

void fp_stage_inherited(pid_t pid, int fd, unsigned mode) {
    EVENT(FP_AUDIT_INHERITED, pid, "", (struct fp_audit_inherited){.fd = fd, .mode = mode});
}

void fp_stage_exec(pid_t pid, const char *path, unsigned flags, int result) {
    EVENT(FP_AUDIT_EXEC, pid, path, (struct fp_audit_exec){.result = result, .flags = flags});
}

void fp_stage_reaped(pid_t pid, pid_t child, int status) {
    EVENT(FP_AUDIT_WAIT, pid, "",
          (struct fp_audit_wait){
              .asked = child, .got = child, .status = status, .flags = FP_WAIT_HAS_STATUS});
}

const struct fp_audit *fp_stage_run(void rules(struct fp_scene *scene)) {
    char why[FP_RECORD_WHY] = "";
    strike();
    int fd = memfd_create("record", MFD_CLOEXEC);
    cr_assert_eq(write(fd, stage.bytes, SIZE), (ssize_t)SIZE);
    cr_assert_eq(fp_record_read(fd, &stage.record, why), 0, "%s", why);
    close(fd);
    const struct fp_record_losses *losses = fp_record_losses(stage.record);
    cr_assert_eq(losses->damaged, 0, "%s", losses->damages[0].why);
    struct fp_scene_options options = {.gotchas = gotchas,
                                       .gotcha_count = sizeof gotchas / sizeof *gotchas};
    cr_assert_eq(fp_scene_open(stage.record, &options, &stage.scene), 0);
    for (size_t i = 0; i < fp_record_event_count(stage.record); i++)
        stage.scene->inner->stacks[i] = stack_at(fp_record_event(stage.record, i).time);
    rules(stage.scene);
    cr_assert_eq(fp_scene_finish(stage.scene), 0);
    return &stage.scene->audit;
}

int fp_stage_found(void rules(struct fp_scene *scene), const char *rule) {
    const struct fp_audit *audit = fp_stage_run(rules);
    int times = 0;
    for (size_t i = 0; i < audit->finding_count; i++) {
        if (strcmp(audit->findings[i].rule, rule) != 0)
            return -1;
        times += (int)audit->findings[i].times;
    }
    return times;
}

void fp_stage_claim_quiet(void rules(struct fp_scene *scene)) {
    const struct fp_audit *audit = fp_stage_run(rules);
    cr_assert_eq(audit->finding_count, 0, "%s: %s", audit->findings[0].rule,
                 audit->findings[0].message);
}
