#include "explain/explain.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract.h"
#include "say.h"
#include "tell.h"

static const char help[] =
    "Usage: forkproof explain [OPTION]... [ID | WORD...]\n"
    "Explains what goes wrong with processes. Without ID it lists all that it knows.\n"
    "ID: tells that one: story, outcomes, remedy, and what forkproof does about it.\n"
    "WORD: lists those that have it in their id, title, tags or text.\n\n"
    "      --run       run the program that falls into ID, bare and under forkproof\n"
    "                  run, each in a world of its own, and show both side by side\n"
    "      --json      the same for programs: an array, or with ID one object\n"
    "      --no-pager  print also what is longer than the screen\n"
    "  -h, --help      this text\n\n"
    "Exit status: 0; 125 there is no such gotcha, or it cannot be run here.\n"
    "Environment: COLUMNS, LESS, NO_COLOR, PAGER, TERM, TMPDIR.\n";

enum { TOLD_MOST = 12 };

struct request {
    bool run, json, no_pager, help;
    char **words;
    size_t count;
};

/* --- what is asked for --- */

static int parse(int argc, char **argv, struct request *ret) {
    static const struct option options[] = {
        {"run", no_argument, NULL, 'r'},
        {"json", no_argument, NULL, 'j'},
        {"no-pager", no_argument, NULL, 'n'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option;
    *ret = (struct request){0};
    opterr = 0;
    optind = 1;
    while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        if (option == '?' || option == ':') {
            (void)fp_tell_complain("explain", option, argv);
            return -EINVAL;
        }
        ret->run |= option == 'r';
        ret->json |= option == 'j';
        ret->no_pager |= option == 'n';
        ret->help |= option == 'h';
    }
    ret->words = argv + optind;
    ret->count = (size_t)(argc - optind);
    for (size_t i = 0; i < ret->count; i++)
        if (!*ret->words[i]) {
            fp_say("explain: an empty word is in everything");
            return -EINVAL;
        }
    return 0;
}

static int unknown(char *const *words, size_t count) {
    char nearest[200];
    char word[48];
    snprintf(word, sizeof word, "%.40s%s", words[0], strlen(words[0]) > 40 ? "..." : "");
    fp_gotcha_nearest(words[0], nearest, sizeof nearest);
    if (count > 1)
        fp_say("explain: nothing has each of '%s', '%.40s'%s", word, words[1],
               count > 2 ? ", ..." : "");
    else if (*nearest)
        fp_say("explain: nothing is known of '%s'; nearest: %s", word, nearest);
    else
        fp_say("explain: nothing is known of '%s'; forkproof explain lists what is", word);
    return -ENOENT;
}

static int check_run(const struct request *request) {
    if (request->json)
        fp_say("explain: --json shows no run");
    else if (request->count == 0)
        fp_say("explain: --run needs the id of what to run; forkproof explain lists them");
    else if (request->count > 1)
        fp_say("explain: --run takes one id: '%s'", request->words[1]);
    else if (!fp_gotcha_find(request->words[0]))
        return unknown(request->words, 1);
    else
        return 0;
    return -EINVAL;
}

/* --- how it is shown --- */

/* What is told of nearly everywhere says nothing beside those that are named by it. */
static void print_told(struct fp_ink *ink, const struct fp_found_gotchas *found) {
    struct fp_rich rich = {0};
    if (found->named_count && found->told_count > TOLD_MOST)
        return;
    for (size_t i = 0; i < found->told_count; i++) {
        fp_rich_put(&rich, FP_PLAIN,
                    i                    ? ", "
                    : found->named_count ? "Also told of in: "
                                         : "Told of in: ");
        fp_rich_put(&rich, FP_STRONG, found->told[i]->id);
    }
    if (found->told_count && found->named_count)
        fp_ink_newline(ink);
    if (found->told_count)
        fp_ink_wrapped(ink, &rich, 0, 2);
    fp_rich_free(&rich);
}

static void print_found(struct fp_ink *ink, const struct fp_found_gotchas *found) {
    fp_explain_list(ink, found->named, found->named_count);
    print_told(ink, found);
}

static void print_all(struct fp_ink *ink, const struct fp_found_gotchas *found) {
    fp_explain_list(ink, found->named, found->named_count);
    fp_ink_newline(ink);
    struct fp_rich rich = {0};
    fp_rich_put(&rich, FP_PLAIN,
                "forkproof explain ID tells one, forkproof explain --run ID shows it happen.");
    fp_ink_wrapped(ink, &rich, 0, 0);
    fp_rich_free(&rich);
}

static int dump(json_t *json, FILE *out) {
    int r = json ? json_dumpf(json, out, JSON_INDENT(2) | JSON_SORT_KEYS) : -1;
    json_decref(json);
    return r < 0 || fputc('\n', out) == EOF ? -ENOMEM : 0;
}

static int dump_found(const struct fp_found_gotchas *found, FILE *out) {
    json_t *array = json_array();
    for (size_t i = 0; i < found->named_count; i++)
        json_array_append_new(array, fp_explain_json(found->named[i]));
    for (size_t i = 0; i < found->told_count; i++)
        json_array_append_new(array, fp_explain_json(found->told[i]));
    return dump(array, out);
}

/* One letter is in everything. */
static size_t drop_letters(char **words, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (words[i][1])
            words[kept++] = words[i];
    return kept;
}

static int show_many(struct request *request, struct fp_ink *ink) {
    struct fp_found_gotchas found;
    size_t given = request->count;
    request->count = drop_letters(request->words, given);
    if (given > 0 && request->count == 0) {
        fp_say("explain: a word of one letter is in everything");
        return -EINVAL;
    }
    int r = fp_gotcha_search(request->words, request->count, &found);
    if (r < 0)
        return r;
    if (request->count > 0 && found.named_count + found.told_count == 0)
        r = unknown(request->words, request->count);
    else if (request->json)
        r = dump_found(&found, ink->out);
    else if (request->count > 0)
        print_found(ink, &found);
    else
        print_all(ink, &found);
    fp_gotcha_free(&found);
    return r;
}

static int show(struct request *request, struct fp_ink *ink) {
    const struct fp_gotcha *one = request->count == 1 ? fp_gotcha_find(request->words[0]) : NULL;
    if (!one)
        return show_many(request, ink);
    if (request->run)
        return fp_explain_run(ink, one, request->no_pager);
    if (request->json)
        return dump(fp_explain_json(one), ink->out);
    fp_explain_page(ink, one);
    return 0;
}

/* All of it is made before any of it is shown. */
static int answer(struct request *request) {
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    if (!out)
        return -ENOMEM;
    struct fp_ink ink = fp_ink_new(out);
    int r = show(request, &ink);
    if ((fclose(out) != 0 || ink.cut) && r == 0)
        r = -ENOMEM;
    if (r == 0)
        r = fp_pager_show(text, length, !request->no_pager && !request->json);
    free(text);
    return r;
}

int fp_explain_main(int argc, char **argv) {
    struct request request;
    int r = parse(argc, argv, &request);
    if (r == 0 && request.help)
        return fp_tell_text(help);
    if (r == 0 && request.run)
        r = check_run(&request);
    if (r == 0)
        r = answer(&request);
    if (r == -ENOMEM)
        fp_say("explain: %s", strerror(ENOMEM));
    return r < 0 ? FP_EXIT_FAILED : 0;
}
