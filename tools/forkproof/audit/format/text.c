/* For people: shaped like a sanitizer's report. */
#include "format/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "values.h"

enum { TEXT = 2000, NAME = 400, CHAIN = 16, FOLD = 3 };

struct counts {
    size_t of[FP_ERROR + 1], baselined, suppressed;
};

static const char *const colours[] = {"\033[1;36m", "\033[1;33m", "\033[1;31m"};

static void seconds(FILE *out, uint64_t ns) {
    fprintf(out, "%" PRIu64 ".%03u s", ns / 1000000000, (unsigned)(ns / 1000000 % 1000));
}

static const char *upper(enum fp_severity severity) {
    static const char *const words[] = {"NOTE", "WARNING", "ERROR"};
    return words[severity > FP_ERROR ? FP_ERROR : severity];
}

/* --- one finding --- */

static void verdict(FILE *out, const struct fp_audit *audit, const struct fp_finding *finding,
                    bool colour) {
    const struct fp_process *process = fp_audit_process(audit, finding->process);
    pid_t pid = process ? process->pid : finding->place_count ? finding->places[0].pid : 0;
    enum fp_severity severity = finding->severity > FP_ERROR ? FP_ERROR : finding->severity;
    fprintf(out, "==%d==%s%s: forkproof: ", (int)pid, colour ? colours[severity] : "",
            upper(severity));
    fp_text_put(out, finding->rule, NAME);
    fputs(": ", out);
    fp_text_put(out, finding->title, TEXT);
    fputs(colour ? "\033[0m\n" : "\n", out);
    fputs("  ", out);
    fp_text_put(out, finding->message, TEXT);
    fputc('\n', out);
    if (finding->times > 1)
        fprintf(out, "  Found %u times.\n", finding->times);
    if (finding->is_baselined)
        fputs("  It is in the baseline.\n", out);
    if (finding->is_suppressed)
        fputs("  It is suppressed.\n", out);
}

static void evidence(FILE *out, const struct fp_finding *finding) {
    if (finding->evidence_count)
        fputs("  Evidence:\n", out);
    for (size_t i = 0; i < finding->evidence_count; i++) {
        fputs("    ", out);
        fp_text_put(out, finding->evidence[i], TEXT);
        fputc('\n', out);
    }
}

static void source(FILE *out, const char *directory, const struct fp_frame *frame) {
    char *path = fp_path_below(directory, frame->file);
    fputc(' ', out);
    fp_text_put(out, path ? path : frame->file, TEXT);
    free(path);
    if (frame->line)
        fprintf(out, ":%u", frame->line);
    if (frame->line && frame->column)
        fprintf(out, ":%u", frame->column);
}

static void frame_line(FILE *out, const char *directory, size_t number,
                       const struct fp_frame *frame) {
    fprintf(out, "    #%zu ", number);
    fp_text_put(out, frame->function ? frame->function : "??", NAME);
    if (frame->file) {
        source(out, directory, frame);
    } else if (frame->module) {
        fputs(" (", out);
        fp_text_put(out, frame->module, TEXT);
        fprintf(out, "+0x%" PRIx64 ")", frame->offset);
    }
    fputs(frame->is_inlined ? " (inlined)\n" : "\n", out);
}

/* How many frames from this one on lie in one image, and have no name and no line. */
static size_t unnamed_frames(const struct fp_place *at, size_t first) {
    const char *module = at->frames[first].module;
    size_t i = first;
    while (i < at->frame_count && !at->frames[i].function && !at->frames[i].file &&
           at->frames[i].module && strcmp(at->frames[i].module, module) == 0)
        i++;
    return i - first;
}

/* Where so many say nothing to a reader, one line does; the machines' formats have them all. */
static void stack(FILE *out, const char *directory, const struct fp_place *at) {
    for (size_t i = 0; i < at->frame_count;) {
        size_t unnamed = unnamed_frames(at, i);
        if (unnamed < FOLD) {
            frame_line(out, directory, i, &at->frames[i]);
            i++;
            continue;
        }
        fprintf(out, "    ... %zu frames without symbols in ", unnamed);
        fp_text_put(out, at->frames[i].module, TEXT);
        fputc('\n', out);
        i += unnamed;
    }
}

static void place(FILE *out, const struct fp_audit *audit, const struct fp_place *at) {
    fputs("  ", out);
    fp_text_put(out, at->what ? at->what : "here", TEXT);
    fprintf(out, ", in process %d", (int)at->pid);
    if (at->tid && at->tid != at->pid)
        fprintf(out, " (thread %d)", (int)at->tid);
    fputs(", ", out);
    seconds(out, at->time);
    fputs(" after the start:\n", out);
    stack(out, audit->directory, at);
    if (at->frame_count == 0)
        fputs("    (no stack is known)\n", out);
    else if (at->is_cut)
        fputs("    (and more, which were not kept)\n", out);
}

static void chain_line(FILE *out, const struct fp_process *process) {
    fprintf(out, "    %d ", (int)process->pid);
    if (process->argc)
        fp_text_argv(out, process->argv, process->argc);
    else
        fp_text_put(out, process->image ? process->image : "(program not known)", TEXT);
    fputs(process->has_hooks ? "\n" : " (without hooks: its calls are not seen)\n", out);
}

static void chain(FILE *out, const struct fp_audit *audit, const struct fp_finding *finding) {
    const struct fp_process *process = fp_audit_process(audit, finding->process);
    size_t steps = 0;
    if (process)
        fputs("  The process, and what started it:\n", out);
    for (; process && steps < audit->process_count; steps++) {
        if (steps < CHAIN)
            chain_line(out, process);
        process = fp_audit_process(audit, process->starter);
    }
    if (steps > CHAIN)
        fprintf(out, "    ...[%zu more]\n", steps - CHAIN);
}

void fp_text_finding(FILE *out, const struct fp_audit *audit, const struct fp_finding *finding,
                     bool colour) {
    verdict(out, audit, finding, colour);
    evidence(out, finding);
    for (size_t i = 0; i < finding->place_count; i++)
        place(out, audit, &finding->places[i]);
    chain(out, audit, finding);
    fputs("  How to mend it: forkproof explain ", out);
    fp_text_put(out, finding->rule, NAME);
    fputc('\n', out);
    if (finding->suppression) {
        fputs("  To suppress it:\n    ", out);
        fp_text_put(out, finding->suppression, TEXT);
        fputc('\n', out);
    }
}

/* --- the end --- */

static struct counts count(const struct fp_audit *audit) {
    struct counts counts = {0};
    for (size_t i = 0; i < audit->finding_count; i++) {
        const struct fp_finding *finding = &audit->findings[i];
        counts.suppressed += finding->is_suppressed;
        if (finding->is_suppressed)
            continue;
        counts.of[finding->severity > FP_ERROR ? FP_ERROR : finding->severity]++;
        counts.baselined += finding->is_baselined;
    }
    return counts;
}

static const char *plural(size_t n) {
    return n == 1 ? "" : "s";
}

static void summary(FILE *out, const struct fp_audit *audit, const struct counts *n) {
    const char *before = "";
    fputs("SUMMARY: forkproof: ", out);
    for (int i = FP_ERROR; i >= FP_NOTE; i--)
        if (n->of[i]) {
            fprintf(out, "%s%zu %s%s", before, n->of[i], fp_severity_word((enum fp_severity)i),
                    plural(n->of[i]));
            before = ", ";
        }
    if (!*before)
        fputs("nothing found", out);
    if (n->baselined)
        fprintf(out, " (%zu in the baseline)", n->baselined);
    if (n->suppressed)
        fprintf(out, ", %zu suppressed", n->suppressed);
    fprintf(out, ", in %zu process%s, ", audit->process_count,
            audit->process_count == 1 ? "" : "es");
    seconds(out, audit->length);
    fputc('\n', out);
}

static void root_status(FILE *out, int status) {
    if (status < 0)
        fputs("How the program ended is not known.\n", out);
    else if (WIFSIGNALED(status))
        fprintf(out, "The program was killed by %s.\n", fp_signal_name(WTERMSIG(status)));
    else if (WEXITSTATUS(status))
        fprintf(out, "The program exited with status %d.\n", WEXITSTATUS(status));
}

static void gaps(FILE *out, const struct fp_audit *audit) {
    size_t images = audit->images_without_hooks;
    if (images)
        fprintf(out, "%zu image%s ran without hooks: what was done there is not seen.\n", images,
                plural(images));
    if (audit->lost_events)
        fprintf(out, "%" PRIu64 " event%s not recorded: something may be missing above.\n",
                audit->lost_events, audit->lost_events == 1 ? " was" : "s were");
    for (size_t i = 0; i < audit->unused_suppression_count; i++) {
        fputs("Unused suppression: ", out);
        fp_text_put(out, audit->unused_suppressions[i], TEXT);
        fputc('\n', out);
    }
}

int fp_format_text(FILE *out, const struct fp_audit *audit, const struct fp_format *format) {
    struct counts counts = count(audit);
    for (size_t i = 0; i < audit->finding_count; i++) {
        if (audit->findings[i].is_suppressed)
            continue;
        fp_text_finding(out, audit, &audit->findings[i], format->colour);
        fputc('\n', out);
    }
    summary(out, audit, &counts);
    root_status(out, audit->status);
    gaps(out, audit);
    return fp_format_end(out);
}
