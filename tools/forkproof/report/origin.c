/* Where what was left behind came from, on stderr: a line a process, in columns. */
#include "report/report.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "escape.h"
#include "run.h"
#include "say.h"
#include "values.h"

#define NAMED 5
#define NAMES 6 /* of a chain that are shown: the first and the last ones */

struct line {
    const struct fp_left *left;
    size_t used;
    int width; /* in characters */
    char chain[300];
};

/* The first of the variables that say so decides, as for libc. */
static bool speaks_utf8(void) {
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
    }
    return false;
}

static int width_of(const char *text) {
    int width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static void append(struct line *line, const char *piece) {
    int n = snprintf(line->chain + line->used, sizeof line->chain - line->used, "%s", piece);
    line->used += (size_t)n < sizeof line->chain - line->used ? (size_t)n : 0;
    line->width = width_of(line->chain);
}

/* The last part of argv[0], without the mark of a login shell, made safe for a terminal. */
static void name_of(const struct fp_ancestor *ancestor, char ret[32]) {
    size_t length = strnlen(ancestor->argv, ancestor->length);
    const char *name = ancestor->argv;
    for (size_t i = 0; i + 1 < length; i++)
        if (ancestor->argv[i] == '/')
            name = ancestor->argv + i + 1;
    if (*name == '-')
        name++;
    size_t rest = length - (size_t)(name - ancestor->argv);
    if (fp_escape(name, rest < 31 ? rest : 31, ret, 32) == 0)
        memcpy(ret, "?", 2);
}

/* Names from the program down, one that only forked again left out; returns how many. */
static size_t list_names(const struct fp_left *left, char names[FP_CHAIN_MAX + 1][32]) {
    size_t count = 0;
    for (uint32_t i = left->origin.count; i > 0; i--) {
        name_of(&left->origin.chain[i - 1], names[count]);
        count += count == 0 || strcmp(names[count], names[count - 1]) != 0;
    }
    if (count > 0 && strcmp(names[count - 1], left->comm) == 0)
        count--;
    return count;
}

static void write_chain(struct line *line, const struct fp_left *left, const char *program,
                        const char *arrow) {
    char names[FP_CHAIN_MAX + 1][32], own[96];
    size_t count = list_names(left, names);
    bool whole = left->origin.is_whole;
    *line = (struct line){.left = left};
    if (!whole) { // what is not known lies between the program and the rest
        append(line, program);
        append(line, arrow);
        append(line, "...");
        append(line, arrow);
    }
    for (size_t i = !whole && count > NAMES / 2 ? count - NAMES / 2 : 0; i < count; i++) {
        bool cut = whole && count > NAMES && i == NAMES / 2;
        append(line, cut ? "..." : names[i]);
        append(line, arrow);
        if (cut)
            i = count - NAMES / 2 - 1;
    }
    snprintf(own, sizeof own, "%.63s %d", left->comm, (int)left->pid);
    append(line, own);
}

static void say_line(const struct line *line, int width, uint64_t start) {
    const struct fp_origin *origin = &line->left->origin;
    double born = line->left->start > start ? (double)(line->left->start - start) / 100 : 0;
    fp_say("  %s%*s  %s, born at %.*f s%s", line->chain, width - line->width, "",
           fp_how_text(origin->how), born < 10 ? 2 : born < 100, born,
           origin->hooks == 0 ? "; without hooks" : "");
}

void fp_report_origins(const struct fp_run *run) {
    const struct fp_facts *facts = run->facts;
    const char *arrow = speaks_utf8() ? " \xe2\x86\x92 " : " > ";
    struct line lines[NAMED];
    struct fp_ancestor root = {.length = FP_LEDGER_ARGV};
    char program[32];
    size_t count = 0;
    int width = 0;
    snprintf(root.argv, sizeof root.argv, "%s", run->cli.program[0]);
    name_of(&root, program);
    for (uint32_t i = 0; i < facts->recorded && count < NAMED; i++) {
        const struct fp_left *left = &facts->left[i];
        if (left->late || left->kept || left->origin.how == FP_HOW_UNKNOWN)
            continue;
        write_chain(&lines[count], left, program, arrow);
        if (lines[count].width > width)
            width = lines[count].width;
        count++;
    }
    for (size_t i = 0; i < count; i++)
        say_line(&lines[i], width, facts->root_start);
}

/* "pkill: SIGTERM to java 4711" */
static void describe(const struct fp_refusal *refusal, char *ret, size_t size) {
    char by[80], target[80];
    fp_escape(refusal->by_name, strcspn(refusal->by_name, "\n"), by, sizeof by);
    fp_escape(refusal->target_name, strcspn(refusal->target_name, "\n"), target, sizeof target);
    const char *what = refusal->target < -1 ? "group " : refusal->target == -1 ? "everybody" : "";
    int number = refusal->target < -INT_MAX ? 0 : abs(refusal->target);
    int n = snprintf(ret, size, "%s: %s to %s", by, fp_signal_name(refusal->number), what);
    if (number > 1 && n > 0 && (size_t)n < size)
        snprintf(ret + n, size - (size_t)n, "%s%s%d", target, *target ? " " : "", number);
}

bool fp_report_refusal(const struct fp_run *run, size_t number, struct fp_refusal *ret) {
    const struct fp_ledger *ledger = run->attribution.ledger;
    if (!ledger || number >= FP_LEDGER_REFUSALS || !atomic_load(&ledger->refusals[number].written))
        return false;
    memcpy(ret, &ledger->refusals[number], sizeof *ret);
    ret->by_name[sizeof ret->by_name - 1] = '\0';
    ret->target_name[sizeof ret->target_name - 1] = '\0';
    return true;
}

void fp_report_refusals(const struct fp_run *run) {
    const struct fp_ledger *ledger = run->attribution.ledger;
    struct fp_refusal refusal;
    char first[256] = "";
    unsigned refused = ledger ? atomic_load(&ledger->refused) : 0;
    unsigned denied = ledger ? atomic_load(&ledger->denied) : 0;
    if (refused > 0 && fp_report_refusal(run, 0, &refusal))
        describe(&refusal, first, sizeof first);
    if (refused > 0)
        fp_say("refused %u signal%s to processes outside the run%s%s%s%s", refused,
               refused == 1 ? "" : "s", *first ? " (" : "", first, refused > 1 ? ", ..." : "",
               *first ? ")" : "");
    if (denied > 0)
        fp_say("refused %u fork%s beyond %u processes (--max-procs)", denied,
               denied == 1 ? "" : "s", run->cli.max_procs);
}
