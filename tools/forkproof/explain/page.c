/* A gotcha's page, and the list of all. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "explain/explain.h"
#include "explain/markdown.h"

enum { INDENT = 2, GAP = 2, OPTIONS_MOST = 256 };

static const char *const mode_names[FP_MODES] = {"bare", "run", "preload"};
static const char *const program_names[FP_PROGRAMS] = {"bad", "good"};

/* Text that is put together from pieces; NULL without memory. */
static char *joined(const char *format, ...) __attribute__((format(printf, 1, 2)));

static char *joined(const char *format, ...) {
    char *text;
    va_list arguments;
    va_start(arguments, format);
    int n = vasprintf(&text, format, arguments);
    va_end(arguments);
    return n < 0 ? NULL : text;
}

/* Takes the text. */
static void print_markdown(struct fp_ink *ink, char *text) {
    ink->cut |= !text;
    if (text)
        fp_markdown_print(ink, text, INDENT);
    free(text);
}

static void heading(struct fp_ink *ink, const char *text) {
    fp_ink_newline(ink);
    fp_ink_put(ink, FP_HEAD, text);
    fp_ink_newline(ink);
}

/* --- the top --- */

static void add_list(struct fp_rich *rich, const char *const *words) {
    for (size_t i = 0; words[i]; i++) {
        fp_rich_put(rich, FP_PLAIN, i ? ", " : "");
        fp_rich_put(rich, FP_PLAIN, words[i]);
    }
}

static void print_line(struct fp_ink *ink, struct fp_rich *rich) {
    fp_ink_wrapped(ink, rich, 0, INDENT);
    fp_rich_free(rich);
}

static void print_facts(struct fp_ink *ink, const struct fp_gotcha *gotcha) {
    struct fp_rich rich = {0};
    fp_rich_put(&rich, FP_STRONG, gotcha->id);
    fp_rich_put(&rich, FP_PLAIN, " · ");
    fp_rich_put(&rich, strcmp(gotcha->severity, "error") == 0 ? FP_UNSAFE : FP_STRONG,
                gotcha->severity);
    fp_rich_put(&rich, FP_PLAIN, " · ");
    fp_rich_put(&rich, FP_PLAIN, gotcha->family_title);
    fp_rich_put(&rich, FP_PLAIN, " · ");
    add_list(&rich, gotcha->platforms);
    print_line(ink, &rich);
    for (size_t i = 0; i < gotcha->source_count; i++) {
        const struct fp_source *source = &gotcha->sources[i];
        bool is_beyond = strcmp(source->document, "+") == 0;
        fp_rich_put(&rich, FP_FAINT, is_beyond ? "beyond the sources" : source->title);
        fp_rich_put(&rich, FP_FAINT, *source->section ? ": " : "");
        fp_rich_put(&rich, FP_FAINT, source->section);
        print_line(ink, &rich);
    }
}

/* --- what comes of it --- */

/* "bad, good": the programs that come to it in that mode. */
static const char *who(const struct fp_case *example, enum fp_mode mode, const char *word) {
    bool is[FP_PROGRAMS];
    for (int p = 0; p < FP_PROGRAMS; p++)
        is[p] = strcmp(example->expected[p][mode], word) == 0;
    if (is[FP_PROGRAM_BAD])
        return is[FP_PROGRAM_GOOD] ? "bad, good" : "bad";
    return is[FP_PROGRAM_GOOD] ? "good" : "";
}

static char *outcome_table(const struct fp_case *example) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    fputs("| outcome | | bare | run | preload | which means |\n", out);
    for (size_t i = 0; i < example->outcome_count; i++) {
        const struct fp_outcome *outcome = &example->outcomes[i];
        fprintf(out, "| %s | %s |", outcome->word, outcome->safe ? "safe" : "**unsafe**");
        for (int mode = 0; mode < FP_MODES; mode++)
            fprintf(out, " %s |", who(example, (enum fp_mode)mode, outcome->word));
        fprintf(out, " %s |\n", outcome->means);
    }
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

static const char *name_in(const char *const *names, int count, const char *word,
                           const char *otherwise) {
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], word) == 0)
            return names[i];
    return otherwise;
}

static void print_exceptions(struct fp_ink *ink, const struct fp_case *example) {
    for (size_t i = 0; i < example->exception_count; i++) {
        const struct fp_exception *e = &example->exceptions[i];
        const char *mode = name_in(mode_names, FP_MODES, e->mode, "");
        if (i == 0)
            fp_ink_newline(ink);
        print_markdown(ink, joined("- %s%s%s, %s: %s, because %s",
                                   name_in(program_names, FP_PROGRAMS, e->program, "both"),
                                   *mode ? " in " : "", mode, e->where, e->outcome, e->because));
    }
}

static void print_options(struct fp_ink *ink, const struct fp_case *example) {
    struct fp_rich rich = {0};
    if (example->run[0]) {
        fp_rich_put(&rich, FP_PLAIN, "forkproof run has");
        for (size_t i = 0; example->run[i]; i++) {
            fp_rich_put(&rich, FP_PLAIN, " ");
            fp_rich_put(&rich, FP_CODE, example->run[i]);
        }
        fp_rich_put(&rich, FP_PLAIN, " here. ");
    }
    if (*example->preload) {
        fp_rich_put(&rich, FP_PLAIN, "The library has ");
        fp_rich_put(&rich, FP_CODE, "FORKPROOF_OPTIONS=");
        fp_rich_put(&rich, FP_CODE, example->preload);
        fp_rich_put(&rich, FP_PLAIN, " here.");
    }
    if (rich.count > 0) {
        fp_ink_newline(ink);
        fp_ink_blank(ink, INDENT);
        fp_ink_wrapped(ink, &rich, INDENT, INDENT);
    }
    fp_rich_free(&rich);
}

static void print_outcomes(struct fp_ink *ink, const struct fp_gotcha *gotcha) {
    if (!gotcha->example)
        return;
    heading(ink, "What comes of it: a program that falls into it (bad), and its twin (good)");
    print_markdown(ink, outcome_table(gotcha->example));
    print_options(ink, gotcha->example);
    print_exceptions(ink, gotcha->example);
}

/* --- the page --- */

static const char *in_words(const char *answer) {
    if (strcmp(answer, "detected") == 0)
        return "not prevented; an audit names it";
    return strcmp(answer, "none") == 0 ? "nothing" : answer;
}

static const char *with(const char *options, char ret[OPTIONS_MOST]) {
    *ret = '\0';
    if (*options)
        snprintf(ret, OPTIONS_MOST, ", with `%s`", options);
    return ret;
}

static void print_under(struct fp_ink *ink, const struct fp_gotcha *gotcha) {
    char run[OPTIONS_MOST], preload[OPTIONS_MOST];
    heading(ink, "Under forkproof");
    print_markdown(ink,
                   joined("`forkproof run`: **%s**%s. The library preloaded alone: **%s**%s.\n\n%s",
                          in_words(gotcha->run), with(gotcha->run_options, run),
                          in_words(gotcha->preload), with(gotcha->preload_options, preload),
                          gotcha->how));
    if (!*gotcha->audit)
        return;
    fp_ink_newline(ink);
    print_markdown(ink, joined("The finding of an audit: %s.", gotcha->audit));
}

static void section(struct fp_ink *ink, const char *title, const char *text) {
    heading(ink, title);
    fp_markdown_print(ink, text, INDENT);
}

void fp_explain_page(struct fp_ink *ink, const struct fp_gotcha *gotcha) {
    struct fp_rich title = {0};
    fp_rich_put(&title, FP_STRONG, gotcha->title);
    print_line(ink, &title);
    print_facts(ink, gotcha);
    section(ink, "Story", gotcha->story);
    heading(ink, "Timeline");
    fp_timeline_print(ink, gotcha->timeline, INDENT);
    print_outcomes(ink, gotcha);
    section(ink, "Remedy", gotcha->remedy);
    print_under(ink, gotcha);
    section(ink, "Elsewhere", gotcha->elsewhere);
    if (!gotcha->example)
        return;
    fp_ink_newline(ink);
    print_markdown(ink, joined("See it: `forkproof explain --run %s`", gotcha->id));
}

/* --- the list --- */

/* Beside the ids, or below them where it would be narrow. */
static size_t title_column(const struct fp_ink *ink) {
    size_t longest = 0;
    for (size_t i = 0; i < fp_gotcha_count; i++)
        longest = strlen(fp_gotchas[i].id) > longest ? strlen(fp_gotchas[i].id) : longest;
    return 2 * (INDENT + longest + GAP) <= ink->width ? INDENT + longest + GAP : INDENT + GAP;
}

static void print_entry(struct fp_ink *ink, const struct fp_gotcha *gotcha, size_t column) {
    struct fp_rich title = {0};
    size_t at = INDENT + strlen(gotcha->id);
    fp_ink_blank(ink, INDENT);
    fp_ink_put(ink, FP_STRONG, gotcha->id);
    if (at + GAP > column) {
        fp_ink_newline(ink);
        at = 0;
    }
    fp_ink_blank(ink, column - at);
    fp_rich_put(&title, FP_PLAIN, gotcha->title);
    fp_ink_wrapped(ink, &title, column, column);
    fp_rich_free(&title);
}

void fp_explain_list(struct fp_ink *ink, const struct fp_gotcha *const *gotchas, size_t count) {
    size_t column = title_column(ink);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(gotchas[i]->family, gotchas[i - 1]->family) != 0) {
            if (i > 0)
                fp_ink_newline(ink);
            fp_ink_put(ink, FP_HEAD, gotchas[i]->family_title);
            fp_ink_newline(ink);
        }
        print_entry(ink, gotchas[i], column);
    }
}
