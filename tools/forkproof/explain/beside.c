/* `forkproof explain --run ID`: bare and hardened, side by side. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contract.h"
#include "explain/explain.h"
#include "explain/markdown.h"
#include "explain/scene.h"
#include "say.h"

enum { SIDES = 2, INDENT = 2, BETWEEN = 3 };

static const char *const titles[FP_BLOCKS] = {
    "The steps, each by the process that tells it",
    "How it ended",
    "Who was left",
    "A stranger, who had nothing to do with it",
    "What the kernel shows",
    "Standard output",
    "Standard error",
    "What forkproof said",
};

/* --- two columns --- */

/* One side on its way down. */
struct side {
    const char *rest; /* lines that are still to come */
    struct fp_rich line;
    size_t at, hang;
    enum fp_style style;
};

/* Where the text of a step begins: what follows stands below it. */
static size_t hang_of(const char *line, size_t length) {
    size_t digits = 0, blanks = strspn(line, " ");
    if (blanks > 0)
        return blanks + 2;
    while (digits < length && isdigit((unsigned char)line[digits]))
        digits++;
    return digits > 0 && digits + 2 < length && line[digits] == ' ' && line[digits + 1] == ' '
               ? digits + 2
               : 0;
}

static bool has_piece(struct side *side) {
    size_t length;
    if (side->at < side->line.count)
        return true;
    const char *line = fp_next_line(&side->rest, &length);
    if (!line)
        return false;
    fp_rich_free(&side->line);
    fp_rich_add(&side->line, side->style, line, length);
    side->at = 0;
    side->hang = hang_of(line, length);
    return true;
}

/* Prints what there is room for; how wide it is. */
static size_t print_piece(struct fp_ink *ink, struct side *side, size_t width) {
    size_t from = side->at, hang = from > 0 && side->hang < width ? side->hang : 0;
    size_t end = fp_rich_break(&side->line, from, width - hang, &side->at);
    fp_ink_blank(ink, hang);
    fp_ink_glyphs(ink, &side->line, from, end);
    return hang + end - from;
}

static void print_sides(struct fp_ink *ink, const char *const texts[SIDES],
                        const enum fp_style styles[SIDES]) {
    struct side sides[SIDES] = {{.rest = texts[0], .style = styles[0]},
                                {.rest = texts[1], .style = styles[1]}};
    size_t width = (ink->width - INDENT - BETWEEN) / SIDES;
    for (;;) {
        bool left = has_piece(&sides[0]), right = has_piece(&sides[1]);
        if (!left && !right)
            break;
        fp_ink_blank(ink, INDENT);
        fp_ink_blank(ink, width - (left ? print_piece(ink, &sides[0], width) : 0) + 1);
        fp_ink_put(ink, FP_FAINT, "│");
        fp_ink_blank(ink, 1);
        if (right)
            print_piece(ink, &sides[1], width);
        fp_ink_newline(ink);
    }
    fp_rich_free(&sides[0].line);
    fp_rich_free(&sides[1].line);
}

/* --- the whole --- */

static void print_blocks(struct fp_ink *ink, const struct fp_scene scenes[SIDES]) {
    static const enum fp_style plain[SIDES] = {FP_PLAIN, FP_PLAIN};
    for (int block = 0; block < FP_BLOCKS; block++) {
        const char *const texts[SIDES] = {scenes[0].blocks[block], scenes[1].blocks[block]};
        if (!*texts[0] && !*texts[1])
            continue;
        fp_ink_newline(ink);
        fp_ink_put(ink, FP_HEAD, titles[block]);
        fp_ink_newline(ink);
        print_sides(ink, texts, plain);
    }
}

static enum fp_style style_of(const struct fp_outcome *outcome) {
    return outcome && outcome->safe ? FP_SAFE : FP_UNSAFE;
}

/* "UNSAFE  stranger-killed" and what it means. */
static void print_outcomes(struct fp_ink *ink, const struct fp_scene scenes[SIDES]) {
    enum fp_style styles[SIDES], plain[SIDES] = {FP_PLAIN, FP_PLAIN};
    const char *verdicts[SIDES], *meanings[SIDES];
    char text[SIDES][128];
    for (int i = 0; i < SIDES; i++) {
        const struct fp_outcome *outcome = scenes[i].outcome;
        snprintf(text[i], sizeof text[i], "%s: %s", outcome && outcome->safe ? "safe" : "UNSAFE",
                 outcome ? outcome->word : "none of its outcomes");
        verdicts[i] = text[i];
        meanings[i] = outcome ? outcome->means : "";
        styles[i] = style_of(outcome);
    }
    fp_ink_newline(ink);
    fp_ink_put(ink, FP_HEAD, "What came of it");
    fp_ink_newline(ink);
    print_sides(ink, verdicts, styles);
    print_sides(ink, meanings, plain);
}

static void print_names(struct fp_ink *ink, const struct fp_case *example) {
    static const enum fp_style strong[SIDES] = {FP_STRONG, FP_STRONG};
    struct fp_rich line = {0};
    char name[256] = "under forkproof run";
    size_t used = strlen(name);
    for (size_t i = 0; example->run[i] && used < sizeof name; i++)
        used += (size_t)snprintf(name + used, sizeof name - used, " %s", example->run[i]);
    if (*example->preload && used < sizeof name)
        snprintf(name + used, sizeof name - used, " -o %s", example->preload);
    fp_ink_newline(ink);
    print_sides(ink, (const char *const[SIDES]){"bare", name}, strong);
    for (size_t i = 0; i < ink->width - INDENT; i++)
        fp_rich_put(&line, FP_FAINT, "─");
    fp_ink_blank(ink, INDENT);
    fp_ink_glyphs(ink, &line, 0, line.count);
    fp_ink_newline(ink);
    fp_rich_free(&line);
}

/* Up to the end of the first sentence. */
static size_t sentence(const char *text) {
    for (const char *at = text; (at = strstr(at, ". ")); at++)
        if (isupper((unsigned char)at[2]))
            return (size_t)(at - text) + 1;
    return strlen(text);
}

static const char *what_it_did(const struct fp_gotcha *gotcha, const struct fp_outcome *outcome) {
    if (strcmp(gotcha->run, "limited") == 0)
        return "limits it. ";
    if (!outcome || !outcome->safe)
        return "does not prevent it. ";
    return strcmp(gotcha->run, "prevented") == 0 ? "prevented it. " : "";
}

static void put_what_came(struct fp_rich *text, const struct fp_gotcha *gotcha,
                          const struct fp_scene scenes[SIDES]) {
    const struct fp_outcome *bare = scenes[0].outcome;
    const char *did = what_it_did(gotcha, scenes[1].outcome);
    if (bare && bare->safe)
        did = "Bare it did not happen this time. ";
    else if (*did) {
        fp_rich_put(text, FP_STRONG, "forkproof run ");
        fp_rich_put(text, FP_STRONG, gotcha->run_options);
        fp_rich_put(text, FP_STRONG, *gotcha->run_options ? " " : "");
    }
    fp_rich_put(text, FP_STRONG, did);
}

static void print_ending(struct fp_ink *ink, const struct fp_gotcha *gotcha,
                         const struct fp_scene scenes[SIDES]) {
    struct fp_rich text = {0};
    fp_ink_newline(ink);
    put_what_came(&text, gotcha, scenes);
    fp_markdown_inline(&text, gotcha->how, sentence(gotcha->how), ink->colour);
    fp_ink_wrapped(ink, &text, 0, 0);
    fp_rich_free(&text);
}

static void print_title(struct fp_ink *ink, const struct fp_gotcha *gotcha, bool no_namespace) {
    struct fp_rich title = {0}, note = {0};
    fp_rich_put(&title, FP_STRONG, gotcha->title);
    fp_ink_wrapped(ink, &title, 0, 0);
    fp_rich_free(&title);
    fp_rich_put(&note, FP_FAINT,
                no_namespace
                    ? "No pid namespace can be had here: it runs among the processes of this "
                      "machine, held by a subreaper."
                    : "Each side in a pid namespace of its own: pids are as seen there.");
    fp_ink_wrapped(ink, &note, 0, 0);
    fp_rich_free(&note);
}

static void print_all(struct fp_ink *ink, const struct fp_gotcha *gotcha,
                      const struct fp_scene scenes[SIDES], bool no_namespace) {
    print_title(ink, gotcha, no_namespace);
    print_names(ink, gotcha->example);
    print_blocks(ink, scenes);
    print_outcomes(ink, scenes);
    print_ending(ink, gotcha, scenes);
}

/* --- running --- */

static int play(struct fp_world *world, const struct fp_gotcha *gotcha, enum fp_mode mode,
                struct fp_scene *ret) {
    struct fp_played played;
    int r = fp_world_play(world, gotcha, mode, &played);
    if (r < 0)
        return r;
    r = fp_scene_make(gotcha, mode, &played, ret);
    fp_played_free(&played);
    return r;
}

static bool is_preloaded(void) {
    char line[1024];
    bool found = false;
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps && !found && fgets(line, sizeof line, maps))
        found = strstr(line, "/" FP_LIBRARY_NAME "\n") != NULL;
    if (maps)
        fclose(maps);
    return found;
}

/* Preloaded into us it would preload itself into what is to be bare: once more, and not passed on.
 */
static void shake_off_library(const struct fp_gotcha *gotcha, bool no_pager) {
    static const char option[] = "env=off";
    const char *options = getenv(FP_ENV_OPTIONS);
    if (!is_preloaded() || (options && strcmp(options, option) == 0))
        return;
    setenv(FP_ENV_OPTIONS, option, 1);
    execl("/proc/self/exe", "forkproof", "explain", "--run", gotcha->id,
          no_pager ? "--no-pager" : (char *)NULL, (char *)NULL);
}

int fp_explain_run(struct fp_ink *ink, const struct fp_gotcha *gotcha, bool no_pager) {
    struct fp_world world;
    struct fp_scene scenes[SIDES] = {0};
    shake_off_library(gotcha, no_pager);
    int r = fp_world_open(gotcha, &world);
    if (r < 0)
        return r;
    r = play(&world, gotcha, FP_MODE_BARE, &scenes[0]);
    if (r == 0)
        r = play(&world, gotcha, FP_MODE_RUN, &scenes[1]);
    if (r == 0)
        print_all(ink, gotcha, scenes, world.no_namespace);
    fp_scene_free(&scenes[0]);
    fp_scene_free(&scenes[1]);
    fp_world_close(&world);
    return r;
}
