/*
 * The rules, over records that are in order but make little sense. An input is a list of events; of
 * each a byte for its kind, one for who did it and how, one for the time since the last, one for
 * each number in it and one for the length of its text, which follows. What is not there is 0.
 * Members have the pids from 100 on, so that a byte can name one.
 */
#include <string.h>

#include "fuzz.h"
#include "record.h"

enum { MEMBERS = 8, FIRST_PID = 100, CHUNKS = 16, EVENT_MOST = 8192, IMAGES_AT = 0x400000 };

/* The numbers in an event: i 32 bits, signed; n the same, but never above 0; s a status as of
 * waitpid; q 64 bits; 0 nothing. */
static const char *const numbers[FP_AUDIT_KINDS] = {
    [FP_AUDIT_FORK] = "iiii",         [FP_AUDIT_EXEC] = "niqq",     [FP_AUDIT_EXIT] = "ii",
    [FP_AUDIT_WAIT] = "iisii0",       [FP_AUDIT_KILL] = "iini",     [FP_AUDIT_DISCARD] = "isi0",
    [FP_AUDIT_DESCRIPTOR] = "iiini0", [FP_AUDIT_HANDLER] = "iiqin", [FP_AUDIT_PDEATHSIG] = "iin0",
    [FP_AUDIT_INHERITED] = "iii0qq",  [FP_AUDIT_VARIABLE] = "i0",   [FP_AUDIT_SHELL] = "ii",
    [FP_AUDIT_UNSAFE] = "i0",         [FP_AUDIT_ATEXIT] = "q",      [FP_AUDIT_CAUGHT] = "q",
    [FP_AUDIT_LEFT] = "iii0q",        [FP_AUDIT_ROOT] = "isq",      [FP_AUDIT_STALL] = "i0",
};

struct input {
    const uint8_t *at;
    size_t size;
};

/* The record that is made, and of each member its chunk, from 1 on, and who forked it. */
static char whole[FP_AUDIT_HEAD + CHUNKS * FP_AUDIT_CHUNK];
static size_t filled[CHUNKS];
static uint32_t chunks, chunk_of[MEMBERS], image_of[MEMBERS];
static int forker_of[MEMBERS];
static uint64_t now;

static uint8_t take(struct input *in) {
    if (in->size == 0)
        return 0;
    in->size--;
    return *in->at++;
}

/* --- chunks --- */

static void put_chunk(int member, bool is_exec) {
    int forker = forker_of[member];
    uint32_t number = ++chunks;
    if (is_exec || image_of[member] == 0)
        image_of[member] = number;
    struct fp_audit_chunk chunk = {
        .magic = FP_AUDIT_CHUNK_MAGIC,
        .first = image_of[member],
        .from = image_of[member] == number && !is_exec && forker >= 0 ? image_of[forker] : 0,
        .pid = FIRST_PID + member,
        .parent = forker >= 0 ? FIRST_PID + forker : 1,
        .time = now,
    };
    memcpy(whole + FP_AUDIT_HEAD + (number - 1) * FP_AUDIT_CHUNK, &chunk, sizeof chunk);
    filled[number - 1] = sizeof chunk;
    chunk_of[member] = number;
}

/* Where the member's next event goes; NULL: the record is full. */
static char *room(int member, bool is_exec) {
    uint32_t number = chunk_of[member];
    bool fits = number && filled[number - 1] <= FP_AUDIT_CHUNK - EVENT_MOST;
    if (!fits || is_exec) {
        if (chunks == CHUNKS)
            return NULL;
        put_chunk(member, is_exec);
        number = chunk_of[member];
    }
    return whole + FP_AUDIT_HEAD + (number - 1) * FP_AUDIT_CHUNK + filled[number - 1];
}

/* --- bodies --- */

static size_t put_number(char *to, char form, struct input *in) {
    if (form == 'q') {
        uint64_t value = take(in);
        memcpy(to, &value, sizeof value);
        return sizeof value;
    }
    int32_t value = form == '0' ? 0 : (int8_t)take(in);
    if (form == 'n' && value > 0)
        value = -value;
    if (form == 's' && value < 0)
        value = (value & 0x7f) << 8;
    memcpy(to, &value, sizeof value);
    return sizeof value;
}

static size_t put_text(char *to, struct input *in) {
    size_t size = take(in);
    if (size > in->size)
        size = in->size;
    if (size)
        memcpy(to, in->at, size);
    in->at += size;
    in->size -= size;
    return size;
}

static size_t put_image(char *to, struct input *in) {
    struct fp_audit_image image = {.start = take(in), .parent = (int8_t)take(in)};
    char *text = to + sizeof image;
    image.argv = (uint16_t)put_text(text, in);
    image.exe = (uint16_t)put_text(text + image.argv, in);
    memcpy(to, &image, sizeof image);
    return sizeof image + image.argv + image.exe;
}

static size_t put_mapping(char *to, struct input *in) {
    struct fp_audit_mapping mapping = {.start = IMAGES_AT + take(in) * UINT64_C(4096)};
    mapping.end = mapping.start + 4096 + take(in) * UINT64_C(4096);
    mapping.build_id_size = take(in) % (FP_AUDIT_BUILD_ID + 1);
    memcpy(to, &mapping, sizeof mapping);
    return sizeof mapping + put_text(to + sizeof mapping, in);
}

static bool has_text(unsigned kind) {
    return kind == FP_AUDIT_EXEC || kind == FP_AUDIT_DESCRIPTOR || kind == FP_AUDIT_VARIABLE ||
           kind == FP_AUDIT_SHELL || kind == FP_AUDIT_UNSAFE || kind == FP_AUDIT_LEFT ||
           kind == FP_AUDIT_ROOT || kind == FP_AUDIT_STALL;
}

static size_t put_body(char *to, unsigned kind, struct input *in) {
    size_t size = 0;
    if (kind == FP_AUDIT_IMAGE)
        return put_image(to, in);
    if (kind == FP_AUDIT_MAPPING)
        return put_mapping(to, in);
    for (const char *form = numbers[kind]; form && *form; form++)
        size += put_number(to + size, *form, in);
    return has_text(kind) ? size + put_text(to + size, in) : size;
}

/* --- stacks --- */

/* Registers, and a word for each byte that is given: it leads into an image, or up the stack. */
static size_t put_stack(struct fp_audit_event *event, char *to, struct input *in) {
    uint64_t words[1 + FP_AUDIT_X86_64_REGISTERS + 32] = {1U << FP_AUDIT_X86_64_SP | 1U << 16 |
                                                          1U << 6};
    uint64_t sp = UINT64_C(0x7ffc00000000) + take(in) * UINT64_C(16);
    size_t count = 1 + FP_AUDIT_X86_64_REGISTERS, slice = take(in) % 32;
    words[1 + FP_AUDIT_X86_64_SP] = sp;
    words[1 + 16] = IMAGES_AT + take(in) * UINT64_C(64);
    words[1 + 6] = sp + take(in) % 32 * UINT64_C(8);
    for (size_t i = 0; i < slice; i++) {
        uint8_t b = take(in);
        words[count + i] = b & 1 ? sp + b / 2 * UINT64_C(8) : IMAGES_AT + b * UINT64_C(64);
    }
    event->machine = FP_AUDIT_X86_64;
    event->registers = FP_AUDIT_X86_64_REGISTERS;
    event->stack = (uint16_t)(slice * sizeof *words);
    memcpy(to, words, (count + slice) * sizeof *words);
    return (count + slice) * sizeof *words;
}

/* --- events --- */

/* Who is forked has the memory of who forks; it is none of who was there before. */
static void note_fork(int member, const char *body) {
    int32_t child;
    memcpy(&child, body, sizeof child);
    child -= FIRST_PID;
    if (child < 0 || child >= MEMBERS || child == member || image_of[child])
        return;
    forker_of[child] = member;
}

static void put_event(struct input *in) {
    unsigned kind = 1 + take(in) % (FP_AUDIT_KINDS - 1);
    uint8_t how = take(in);
    int member = how % MEMBERS;
    now += take(in) * UINT64_C(1000000);
    char *to = room(member, kind == FP_AUDIT_IMAGE && how & 32);
    if (!to)
        return;
    struct fp_audit_event event = {.kind = (uint16_t)kind,
                                   .pid = FIRST_PID + member,
                                   .tid = FIRST_PID + member + (how & 8 ? 1000 : 0),
                                   .time = now,
                                   .flags = how & 16 ? FP_AUDIT_CUT : 0};
    char *body = to + sizeof event;
    event.body = (uint16_t)put_body(body, kind, in);
    size_t size = sizeof event + (event.body + 7U) / 8 * 8;
    if (how & 64)
        size += put_stack(&event, to + size, in);
    event.size = (uint32_t)size | (how & 128 ? FP_AUDIT_OPEN : 0);
    memcpy(to, &event, sizeof event);
    filled[chunk_of[member] - 1] += size;
    if (kind == FP_AUDIT_FORK)
        note_fork(member, body);
}

static size_t finish(void) {
    size_t used = FP_AUDIT_HEAD + chunks * (size_t)FP_AUDIT_CHUNK;
    struct fp_audit_head head = {.magic = FP_AUDIT_MAGIC,
                                 .version = FP_AUDIT_VERSION,
                                 .chunk = FP_AUDIT_CHUNK,
                                 .size = sizeof whole,
                                 .used = used,
                                 .began = 1000000,
                                 .began_epoch = UINT64_C(1700000000000000000)};
    memcpy(whole, &head, sizeof head);
    return used;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct input in = {data, size};
    memset(whole, 0, FP_AUDIT_HEAD + chunks * (size_t)FP_AUDIT_CHUNK);
    chunks = 0;
    now = 1000000;
    for (int i = 0; i < MEMBERS; i++) {
        chunk_of[i] = image_of[i] = 0;
        forker_of[i] = -1;
    }
    while (in.size)
        put_event(&in);
    fp_fuzz_audit(fp_fuzz_file(0, whole, finish()));
    return 0;
}
