#include "report/report.h"

#include <stdio.h>
#include <string.h>

#include "run.h"
#include "say.h"
#include "values.h"

/* As many as can be taken in at a glance. */
#define NAMED 5

struct text {
    char buffer[600];
    size_t length;
};

static void append(struct text *text, const char *piece) {
    size_t n = strlen(piece);
    if (text->length + n >= sizeof text->buffer)
        return;
    memcpy(text->buffer + text->length, piece, n + 1);
    text->length += n;
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

static void append_names(struct text *text, const struct fp_facts *facts) {
    char piece[96];
    uint32_t named = 0;
    for (uint32_t i = 0; i < facts->recorded && named < NAMED; i++) {
        const struct fp_left *left = &facts->left[i];
        if (left->late || left->kept)
            continue;
        snprintf(piece, sizeof piece, "%s%.63s %d", named++ ? ", " : " (", left->comm,
                 (int)left->pid);
        append(text, piece);
    }
    if (named)
        append(text, facts->left_total > named ? ", ...)" : ")");
}

static const char *verdict(int ended, char piece[48]) {
    switch (ended) {
    case FP_LEFT_RUNNING:
        return "left running";
    case FP_LEFT_DENIED:
        return "not ours to end, left running";
    case FP_LEFT_STUCK:
        return "stuck in the kernel";
    case FP_ENDED_ITSELF:
        return "ended by itself";
    default:
        snprintf(piece, 48, "ended by %s", fp_signal_name(ended));
        return piece;
    }
}

/* How many ended each way, ways in order of first sight. */
static void append_ends(struct text *text, const struct fp_facts *facts) {
    char piece[48], line[96];
    for (int way = FP_LEFT_STUCK; way <= 64; way++) {
        uint32_t count = 0;
        for (uint32_t i = 0; i < facts->recorded; i++)
            count += !facts->left[i].late && !facts->left[i].kept && facts->left[i].ended == way;
        if (count == 0)
            continue;
        snprintf(line, sizeof line, "; %s: %u", verdict(way, piece), count);
        append(text, line);
    }
    if (facts->left_total + facts->late_total + facts->kept_total > facts->recorded ||
        facts->uncounted)
        append(text, "; others not listed");
    if (facts->late_total) {
        snprintf(line, sizeof line, "; born while it was ended: %u", facts->late_total);
        append(text, line);
    }
}

static void say_left(const struct fp_run *run) {
    const struct fp_facts *facts = run->facts;
    struct text text = {.length = 0};
    append_names(&text, facts);
    append_ends(&text, facts);
    fp_say("left behind by %.100s: %u process%s%s [rung %s]", base_name(run->cli.program[0]),
           facts->left_total, facts->left_total == 1 ? "" : "es", text.buffer,
           fp_rung_name(facts->rung));
}

void fp_report_closing(const struct fp_run *run) {
    if (run->facts->unlisted)
        fp_say("what %.100s left behind may still be running: it could not be listed",
               base_name(run->cli.program[0]));
    if (run->facts->left_total > 0) {
        say_left(run);
        fp_report_origins(run);
    }
    fp_report_refusals(run);
}
