#include "explain/scene.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "explain/markdown.h"
#include "say.h"
#include "values.h"

enum { NOT_POSSIBLE = 77, STEPS_MOST = 40, LINES_MOST = 8 };

struct facts {
    char kind[16]; /* exited, killed, stalled, deadline; "" when it was not told */
    int number, survivors, hits, orphans;
    bool done;
};

struct told {
    char outcome[64]; /* the last */
    char broken[200], cannot[200];
};

/* --- reading --- */

/* What comes after the word and a blank; NULL: the line begins with another. */
static const char *after(const char *line, const char *word) {
    size_t n = strlen(word);
    return strncmp(line, word, n) == 0 && line[n] == ' ' ? line + n + 1 : NULL;
}

static struct facts read_facts(const char *text) {
    struct facts facts = {.kind = ""};
    size_t length;
    for (const char *line; (line = fp_next_line(&text, &length));) {
        int sig;
        sscanf(line, "end %15[a-z] %d", facts.kind, &facts.number);
        sscanf(line, "orphans %d", &facts.orphans);
        facts.hits += sscanf(line, "stranger %*d hit %d", &sig) == 1;
        facts.survivors += after(line, "survivor") != NULL;
        facts.done |= length == 4 && strncmp(line, "done", 4) == 0;
    }
    return facts;
}

static void take(char *ret, size_t size, const char *line, size_t length, const char *word) {
    const char *rest = after(line, word);
    if (rest)
        snprintf(ret, size, "%.*s", (int)(length - (size_t)(rest - line)), rest);
}

static struct told read_words(const char *text) {
    struct told told = {.outcome = ""};
    size_t length;
    for (const char *line; (line = fp_next_line(&text, &length));) {
        take(told.outcome, sizeof told.outcome, line, length, "outcome");
        take(told.broken, sizeof told.broken, line, length, "broken");
        take(told.cannot, sizeof told.cannot, line, length, "cannot");
    }
    return told;
}

/* --- judging --- */

static bool has_ended(const struct facts *facts) {
    return strcmp(facts->kind, "exited") == 0 || strcmp(facts->kind, "killed") == 0;
}

static bool applies(const struct fp_outcome *outcome, enum fp_mode mode, const struct facts *facts,
                    const struct told *told) {
    const char *when = outcome->when;
    int number;
    if (strcmp(when, "said") == 0) /* and it was not undone by a crash, or a hang */
        return strcmp(told->outcome, outcome->word) == 0 && strcmp(facts->kind, "exited") == 0 &&
               facts->number == 0;
    if (strcmp(when, "survivors") == 0)
        return has_ended(facts) && facts->survivors > 0;
    if (strcmp(when, "stranger-hit") == 0)
        return facts->hits > 0;
    if (sscanf(when, "exited %d", &number) == 1)
        return strcmp(facts->kind, "exited") == 0 && facts->number == number;
    if (sscanf(when, "killed %d", &number) != 1)
        return strcmp(facts->kind, when) == 0;
    /* forkproof run answers as a shell does. */
    return (strcmp(facts->kind, "killed") == 0 && facts->number == number) ||
           (mode == FP_MODE_RUN && strcmp(facts->kind, "exited") == 0 &&
            facts->number == 128 + number);
}

static const struct fp_outcome *judge(const struct fp_case *example, enum fp_mode mode,
                                      const struct facts *facts, const struct told *told) {
    for (size_t i = 0; i < example->outcome_count; i++)
        if (applies(&example->outcomes[i], mode, facts, told))
            return &example->outcomes[i];
    return NULL;
}

/* -errno after one line. */
static int check(const struct fp_gotcha *gotcha, const struct fp_played *played,
                 const struct facts *facts, const struct told *told) {
    const char *problems = played->problems;
    int length = (int)strcspn(problems, "\n");
    if (played->status == NOT_POSSIBLE)
        fp_say("explain: %s cannot be run here: %.*s", gotcha->id, length, problems);
    else if (*told->cannot)
        fp_say("explain: %s cannot be run here: %s cannot be had", gotcha->id, told->cannot);
    else if (*told->broken)
        fp_say("explain: %s did not work here: %s", gotcha->id, told->broken);
    else if (played->status != 0 || !facts->done || !*facts->kind)
        fp_say("explain: %s did not work here: %.*s", gotcha->id, length ? length : 30,
               length ? problems : "its world ended early");
    else
        return 0;
    return -ENOTSUP;
}

/* --- lines --- */

static void print_steps(FILE *out, const char *text) {
    size_t length, count = 0;
    for (const char *line; (line = fp_next_line(&text, &length));) {
        char *rest;
        const char *pid = after(line, "step");
        long number = pid ? strtol(pid, &rest, 10) : 0;
        if (pid && *rest == ' ' && ++count <= STEPS_MOST)
            fprintf(out, "%ld  %.*s\n", number, (int)(length - (size_t)(rest + 1 - line)),
                    rest + 1);
    }
    if (count > STEPS_MOST)
        fprintf(out, "... and %zu more\n", count - STEPS_MOST);
}

static void print_end(FILE *out, const struct facts *facts, const struct fp_case *example) {
    if (strcmp(facts->kind, "killed") == 0)
        fprintf(out, "killed by %s\n", fp_signal_name(facts->number));
    else if (strcmp(facts->kind, "stalled") == 0)
        fprintf(out, "not at all: nothing in it moves any more\n");
    else if (strcmp(facts->kind, "deadline") == 0)
        fprintf(out, "not within %s s\n", example->deadline);
    else if (facts->number > 128 && facts->number <= 128 + 64)
        fprintf(out, "exit status %d (%s)\n", facts->number, fp_signal_name(facts->number - 128));
    else
        fprintf(out, "exit status %d\n", facts->number);
}

static const char *state_word(char state) {
    return state == 'Z'   ? "a zombie"
           : state == 'T' ? "stopped"
           : state == 'R' ? "running"
                          : "asleep";
}

/* forkproof's own are no news. */
static bool is_ours(const char *name) {
    return strcmp(name, "forkproof") == 0 || strncmp(name, "fp-", 3) == 0;
}

static void print_left(FILE *out, const char *text, bool ended) {
    size_t length, count = 0;
    char state, name[64];
    for (const char *line; (line = fp_next_line(&text, &length));) {
        int pid;
        if (sscanf(line, ended ? "survivor %d %c %63s" : "member %d %c %63s", &pid, &state, name) !=
                3 ||
            is_ours(name))
            continue;
        if (++count <= LINES_MOST)
            fprintf(out, "%d  %s, %s\n", pid, name, state_word(state));
    }
    if (count > LINES_MOST)
        fprintf(out, "... and %zu more\n", count - LINES_MOST);
    if (count == 0)
        fputs("nobody\n", out);
}

static void print_strangers(FILE *out, const char *text) {
    size_t length;
    for (const char *line; (line = fp_next_line(&text, &length));) {
        int pid, sig;
        int found = sscanf(line, "stranger %d hit %d", &pid, &sig);
        if (found == 2)
            fprintf(out, "%d  killed by %s\n", pid, fp_signal_name(sig));
        else if (found == 1)
            fprintf(out, "%d  unharmed\n", pid);
    }
}

static void print_kernel(FILE *out, const struct fp_played *played, const struct facts *facts) {
    char *lines = fp_state_lines(played->state);
    if (lines)
        fputs(lines, out);
    free(lines);
    if (facts->orphans > 0)
        fprintf(out, "%d orphan%s reaped by init\n", facts->orphans,
                facts->orphans == 1 ? "" : "s");
}

/* Lines that begin with the mark, without it, or those that do not. */
static void print_output(FILE *out, const char *text, const char *mark, bool marked) {
    size_t length, count = 0, skip = marked ? strlen(mark) : 0;
    for (const char *line; (line = fp_next_line(&text, &length));)
        if (length > skip && (strncmp(line, mark, strlen(mark)) == 0) == marked &&
            ++count <= LINES_MOST)
            fprintf(out, "%.*s\n", (int)(length - skip), line + skip);
    if (count > LINES_MOST)
        fprintf(out, "... and %zu lines more\n", count - LINES_MOST);
}

static void print_block(FILE *out, enum fp_block block, const struct fp_gotcha *gotcha,
                        const struct fp_played *played, const struct facts *facts) {
    static const char ours[] = "forkproof: ";
    if (block == FP_BLOCK_STEPS)
        print_steps(out, played->words);
    else if (block == FP_BLOCK_END)
        print_end(out, facts, gotcha->example);
    else if (block == FP_BLOCK_LEFT)
        print_left(out, played->facts, has_ended(facts));
    else if (block == FP_BLOCK_STRANGERS)
        print_strangers(out, played->facts);
    else if (block == FP_BLOCK_KERNEL)
        print_kernel(out, played, facts);
    else if (block == FP_BLOCK_OUT)
        print_output(out, played->out, ours, false);
    else
        print_output(out, played->err, ours, block == FP_BLOCK_FORKPROOF);
}

int fp_scene_make(const struct fp_gotcha *gotcha, enum fp_mode mode, const struct fp_played *played,
                  struct fp_scene *ret) {
    struct facts facts = read_facts(played->facts);
    struct told told = read_words(played->words);
    *ret = (struct fp_scene){0};
    int r = check(gotcha, played, &facts, &told);
    if (r < 0)
        return r;
    ret->outcome = judge(gotcha->example, mode, &facts, &told);
    for (int block = 0; block < FP_BLOCKS; block++) {
        size_t size;
        FILE *out = open_memstream(&ret->blocks[block], &size);
        if (!out) {
            fp_scene_free(ret);
            return -ENOMEM;
        }
        print_block(out, (enum fp_block)block, gotcha, played, &facts);
        if (fclose(out) != 0) {
            fp_scene_free(ret);
            return -ENOMEM;
        }
    }
    return 0;
}

void fp_scene_free(struct fp_scene *scene) {
    for (int block = 0; block < FP_BLOCKS; block++)
        free(scene->blocks[block]);
    *scene = (struct fp_scene){0};
}
