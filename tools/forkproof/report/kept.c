#include "report/report.h"

#include <stdio.h>
#include <string.h>

#include "run.h"
#include "say.h"

/* As many as can be taken in at a glance. */
#define NAMED 5

struct text {
    char buffer[600];
    size_t length;
};

static void append(struct text *text, const char *separator, const char *piece) {
    size_t left = sizeof text->buffer - text->length;
    int n =
        snprintf(text->buffer + text->length, left, "%s%s", text->length ? separator : "", piece);
    if (n > 0 && (size_t)n < left)
        text->length += (size_t)n;
    text->buffer[text->length] = '\0';
}

static void say_kept(const struct fp_facts *facts) {
    struct text text = {.length = 0};
    uint32_t named = 0, living = facts->kept_total;
    char piece[96];
    for (uint32_t i = 0; i < facts->recorded; i++) {
        const struct fp_left *left = &facts->left[i];
        living -= left->kept && left->ended != FP_LEFT_KEPT;
        if (left->ended != FP_LEFT_KEPT || named == NAMED)
            continue;
        snprintf(piece, sizeof piece, "%.63s %d", left->comm, (int)left->pid);
        append(&text, ", ", piece);
        named++;
    }
    if (living > named)
        append(&text, ", ", "...");
    if (living)
        fp_say("kept: %u (%s)", living, text.buffer);
}

static void say_unmatched(const struct fp_run *run) {
    struct text text = {.length = 0};
    char piece[128];
    for (size_t i = 0; i < run->cli.keep_count; i++)
        if (run->facts->keep_matched[i] == 0) {
            snprintf(piece, sizeof piece, "'%.100s'", run->cli.keep[i]);
            append(&text, ", ", piece);
        }
    if (text.length)
        fp_say("--keep: nothing was left that matches %s", text.buffer);
}

void fp_report_kept(const struct fp_run *run) {
    if (!run->facts->root_started)
        return;
    say_kept(run->facts);
    say_unmatched(run);
}
