/*
 * A cycle as a drawing:
 *
 *   +-> cat (12)
 *   |     | waits to write
 *   |     v
 *   |   pipe:[34], full, 65536 bytes
 *   |     | read only by
 *   |     v
 *   |   filter (13)
 *   ...
 *   +-----+
 */
#include "waits.h"
#include "waits_words.h"

enum { CHAIN_MOST = 12 };

struct pen {
    FILE *out;
    const struct fp_waits *waits;
    bool utf8, in_ring;
};

static void margin(const struct pen *pen) {
    fputs(!pen->in_ring ? "    " : pen->utf8 ? "│   " : "|   ", pen->out);
}

static void arrow(const struct pen *pen, const char *word) {
    margin(pen);
    fprintf(pen->out, "  %s %s\n", pen->utf8 ? "│" : "|", word);
    margin(pen);
    fprintf(pen->out, "  %s\n", pen->utf8 ? "▼" : "v");
}

static void first(const struct pen *pen, const struct fp_wait *wait) {
    fputs(!pen->in_ring ? "    " : pen->utf8 ? "┌─▶ " : "+-> ", pen->out);
    fp_put_thread(pen->out, pen->waits, wait);
    fputc('\n', pen->out);
}

static void pipe_state(const struct pen *pen, const struct fp_wait *wait) {
    fputs(wait->kind == FP_WAIT_READ ? ", empty" : ", full", pen->out);
    if (wait->queued > 0)
        fprintf(pen->out, ", %ld bytes", wait->queued);
}

/* From who waits to those it waits for; these are named by the next step, or here. */
static void step(const struct pen *pen, const struct fp_wait *wait) {
    const char *by = NULL;
    arrow(pen, fp_wait_verb(wait));
    switch (wait->kind) {
    case FP_WAIT_READ:
        by = "writable only by";
        break;
    case FP_WAIT_WRITE:
        by = "read only by";
        break;
    case FP_WAIT_LOCK:
        by = "locked by";
        break;
    case FP_WAIT_OPEN_READ:
        by = "open for writing by";
        break;
    case FP_WAIT_OPEN_WRITE:
        by = "open for reading by";
        break;
    case FP_WAIT_CHILD:
    case FP_WAIT_VFORK:
    case FP_WAIT_FUTEX:
    case FP_WAIT_SIGNAL:
    case FP_WAIT_OTHER:
        return;
    }
    margin(pen);
    fp_put_object(pen->out, wait);
    if (wait->kind == FP_WAIT_READ || wait->kind == FP_WAIT_WRITE)
        pipe_state(pen, wait);
    fputc('\n', pen->out);
    arrow(pen, by);
}

static void last(const struct pen *pen, const struct fp_wait *wait) {
    margin(pen);
    if (wait->kind == FP_WAIT_SIGNAL)
        fputs("a signal", pen->out);
    else if (wait->kind == FP_WAIT_OPEN_READ || wait->kind == FP_WAIT_OPEN_WRITE)
        fputs("nobody", pen->out);
    else
        fp_put_wakers(pen->out, pen->waits, wait);
    fputc('\n', pen->out);
}

void fp_cycle_draw(FILE *out, const struct fp_waits *waits, const struct fp_cycle *cycle,
                   bool utf8) {
    struct pen pen = {out, waits, utf8, cycle->is_ring};
    size_t shown = cycle->chain < CHAIN_MOST ? cycle->chain : CHAIN_MOST;
    for (size_t i = 0; i < shown; i++) {
        const struct fp_wait *wait = &waits->waits[cycle->waits[i]];
        if (i == 0)
            first(&pen, wait);
        step(&pen, wait);
        if (i + 1 < cycle->chain) {
            margin(&pen);
            fp_put_thread(out, waits, &waits->waits[cycle->waits[i + 1]]);
            fputc('\n', out);
        } else if (!cycle->is_ring)
            last(&pen, wait);
    }
    if (shown < cycle->chain) {
        margin(&pen);
        fprintf(out, "  ... and %zu more\n", cycle->chain - shown - 1);
    }
    if (cycle->is_ring)
        fputs(utf8 ? "└─────┘\n" : "+-----+\n", out);
    for (size_t i = cycle->chain; i < cycle->wait_count && i < cycle->chain + CHAIN_MOST; i++) {
        fputs("    and ", out);
        fp_wait_tell(out, waits, &waits->waits[cycle->waits[i]]);
        fputc('\n', out);
    }
}
