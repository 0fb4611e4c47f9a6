#include "fingerprint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"

enum { FRAMES = 16 };

/* The hash times the prime 2^88 + 0x13b. */
static void multiply(struct fp_fnv *hash) {
    const uint32_t old[4] = {hash->words[0], hash->words[1], hash->words[2], hash->words[3]};
    const uint32_t shifted[4] = {0, 0, old[0] << 24, old[0] >> 8 | old[1] << 24};
    uint64_t carry = 0;
    for (size_t i = 0; i < 4; i++) {
        carry += (uint64_t)old[i] * 0x13b + shifted[i];
        hash->words[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

void fp_fnv_add(struct fp_fnv *hash, const void *bytes, size_t length) {
    const unsigned char *at = bytes;
    for (size_t i = 0; i < length; i++) {
        hash->words[0] ^= at[i];
        multiply(hash);
    }
}

void fp_fnv_hex(const struct fp_fnv *hash, char ret[33]) {
    snprintf(ret, 33, "%08x%08x%08x%08x", hash->words[3], hash->words[2], hash->words[1],
             hash->words[0]);
}

static void add(struct fp_fnv *hash, char kind, const char *text) {
    fp_fnv_add(hash, &kind, 1);
    fp_fnv_add(hash, text, strlen(text) + 1);
}

static int add_path(struct fp_fnv *hash, char kind, const char *directory, const char *path) {
    char *relative = fp_path_below(directory, path);
    if (!relative)
        return -ENOMEM;
    add(hash, kind, relative);
    free(relative);
    return 0;
}

static bool same_text(const char *a, const char *b) {
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_frame(const struct fp_frame *a, const struct fp_frame *b) {
    return same_text(a->function, b->function) && same_text(a->file, b->file) &&
           same_text(a->module, b->module);
}

static int add_frame(struct fp_fnv *hash, const char *directory, const struct fp_frame *frame) {
    if (frame->function)
        add(hash, 'F', frame->function);
    if (frame->file)
        return add_path(hash, 'L', directory, frame->file);
    if (!frame->function)
        add(hash, 'M', frame->module ? fp_path_base(frame->module) : "");
    return 0;
}

static int add_place(struct fp_fnv *hash, const char *directory, const struct fp_place *place) {
    int r = 0;
    add(hash, 'P', "");
    for (size_t i = 0, added = 0; r == 0 && i < place->frame_count && added < FRAMES; i++) {
        const struct fp_frame *frame = &place->frames[i];
        if (same_text(frame->function, FP_SIGNAL_FRAME))
            break;
        if (i > 0 && same_frame(frame, frame - 1))
            continue;
        r = add_frame(hash, directory, frame);
        added++;
        if (same_text(frame->function, "main"))
            break;
    }
    return r;
}

static int add_program(struct fp_fnv *hash, const struct fp_audit *audit,
                       const struct fp_finding *finding) {
    const struct fp_process *process = fp_audit_process(audit, finding->process);
    if (process && process->script)
        return add_path(hash, 'S', audit->directory, process->script);
    if (process && process->image && (!finding->place_count || !finding->places[0].frame_count))
        add(hash, 'I', fp_path_base(process->image));
    return 0;
}

int fp_fingerprint(const struct fp_audit *audit, struct fp_finding *finding) {
    struct fp_fnv hash = FP_FNV_BASIS;
    add(&hash, 'R', finding->rule);
    int r = add_program(&hash, audit, finding);
    for (size_t i = 0; r == 0 && i < finding->place_count; i++)
        r = add_place(&hash, audit->directory, &finding->places[i]);
    if (r == 0)
        fp_fnv_hex(&hash, finding->fingerprint);
    return r;
}

int fp_fingerprint_all(struct fp_audit *audit) {
    for (size_t i = 0; i < audit->finding_count; i++) {
        int r = fp_fingerprint(audit, &audit->findings[i]);
        if (r < 0)
            return r;
    }
    return 0;
}
