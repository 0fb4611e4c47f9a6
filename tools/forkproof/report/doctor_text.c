/* The checkup for people: aligned, 80 columns. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "doctor.h"
#include "escape.h"
#include "forkproof_version.h"
#include "systems.h"

#define WIDTH 80
#define DETAIL_AT 28

/* One word at a time, none broken; what follows the first line stands below it. */
static void wrapped(FILE *out, const char *text) {
    char clean[2 * FP_CHECK_TEXT];
    size_t column = DETAIL_AT, n;
    fp_escape(text, strlen(text), clean, sizeof clean);
    for (const char *at = clean + strspn(clean, " "); *at; at += n, at += strspn(at, " ")) {
        n = strcspn(at, " ");
        if (column > DETAIL_AT && column + 1 + n > WIDTH) {
            fprintf(out, "\n%*s", DETAIL_AT, "");
            column = DETAIL_AT;
        }
        bool first = column == DETAIL_AT;
        fprintf(out, "%s%.*s", first ? "" : " ", (int)n, at);
        column += n + !first;
    }
    fputc('\n', out);
}

/* Of what is there, more about it, or else what it is for; else why not, and what for. */
static void row(FILE *out, const struct fp_check *check) {
    char text[2 * FP_CHECK_TEXT];
    const char *use = check->use ? check->use : "";
    if (check->ok || !*use)
        snprintf(text, sizeof text, "%s", *check->detail ? check->detail : use);
    else
        snprintf(text, sizeof text, "%s (for: %s)", check->detail, use);
    fprintf(out, "  %-20s %s", check->label ? check->label : check->name, check->ok ? "ok" : "no");
    if (*text)
        fprintf(out, "%*s", DETAIL_AT - 25, "");
    wrapped(out, text);
}

static void heading(FILE *out, const char *text) {
    fprintf(out, "\n%s\n", text);
}

static void rungs(FILE *out, const struct fp_checkup *checkup) {
    heading(out, "Ways to hold what a program starts, from strong to weak (--contain)");
    for (int i = 0; i < FP_CHECK_RUNGS; i++)
        row(out, &checkup->rungs[i]);
    fprintf(out, "  --contain=auto takes %s; the strongest to be had is %s.\n", checkup->automatic,
            checkup->strongest);
}

/* Of which nothing has been found out by doing it. */
static void other_systems(FILE *out) {
    heading(out, "Other systems, for which the library is written (docs/porting.md)");
    for (int i = 0; i < FP_SYSTEM_COUNT; i++)
        fprintf(out, "  %-20s    " FP_NOT_RUN "; %d in full, %d weaker, %d not\n",
                fp_systems[i].name, fp_count_abilities(i, FP_FULL), fp_count_abilities(i, FP_WEAK),
                fp_count_abilities(i, FP_NONE));
}

static void write_all(FILE *out, const struct fp_checkup *checkup) {
    struct utsname system;
    uname(&system);
    fprintf(out, "forkproof " FORKPROOF_VERSION " on %s %s, %s, as user %u\n", system.sysname,
            system.release, system.machine, (unsigned)geteuid());
    rungs(out, checkup);
    heading(out, "What they are made of");
    row(out, &checkup->proc);
    for (int i = 0; i < FP_CHECK_KERNEL; i++)
        row(out, &checkup->kernel[i]);
    heading(out, "What is preloaded, and where runs are noted");
    row(out, &checkup->library);
    row(out, &checkup->twin);
    row(out, &checkup->runtime);
    other_systems(out);
    fprintf(out, "\nforkproof run %s here.\n", checkup->works ? "works" : "does not work");
}

char *fp_checkup_text(const struct fp_checkup *checkup) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    write_all(out, checkup);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}
