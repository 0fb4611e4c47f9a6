#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "explain/markdown.h"

TestSuite(markdown, .timeout = 60);

typedef void printer(struct fp_ink *, const char *, size_t);

/* What it looks like so wide; freed by the next call. */
static const char *shown(printer *print, const char *text, size_t width, bool colour) {
    static char *before;
    size_t length;
    free(before);
    FILE *out = open_memstream(&before, &length);
    struct fp_ink ink = {.out = out, .width = width, .colour = colour, .utf8 = true};
    print(&ink, text, 2);
    fclose(out);
    return before;
}

struct row {
    const char *text, *shown;
};

static const struct row rows[] = {
    {"", ""},
    {"one\ntwo", "  one two\n"},
    {"one\n\n\ntwo", "  one\n\n  two\n"},
    {"one two three four five six", "  one two three four\n  five six\n"},
    {"abcdefghijklmnopqrstuvwxyz", "  abcdefghijklmnopqr\n  stuvwxyz\n"},
    {"a **b** `c` ``d`e`` \\*f\\*", "  a b `c` `d`e` *f*\n"},
    {"[here](kill-reaps.md) ok", "  here ok\n"},
    {"[x](https://e.org)", "  x (https://e.org)\n"},
    {"- one\n- two\n  more", "  - one\n  - two more\n"},
    {"- one two three four five", "  - one two three\n    four five\n"},
    {"text\n- item\n\ntext", "  text\n\n  - item\n\n  text\n"},
    {"12. a\n    b", "  12. a b\n"},
    {"```c\nint a;\n\n\tb();\n```\nend", "    int a;\n\n        b();\n\n  end\n"},
    {"| a | b |\n| --- | --- |\n| c | **d** |", "  a  b\n  ─  ─\n  c  d\n"},
    {"| a |\n| --- |\n| b \\| c |", "  a\n  ─────\n  b | c\n"},
    {"| a | b |\n| --- | --- |\n| one two three four | x |",
     "  a                b\n  ───────────────  ─\n  one two three    x\n  four\n"},
    {"a\x1b[31mb\x07", "  a\\x1b[31mb\\x07\n"},
    {"a\xff", "  a\\xff\n"},
    /* not what it looks like */
    {"a ** b", "  a ** b\n"},
    {"a ` b", "  a ` b\n"},
    {"[a] (b)", "  [a] (b)\n"},
    {"[a](b", "  [a](b\n"},
    {"a\\", "  a\\\n"},
    {"```\nnever closed", "    never closed\n"},
    {"|", ""},
};

Test(markdown, is_shown_as_it_should_be) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_str_eq(shown(fp_markdown_print, rows[i].text, 20, false), rows[i].shown,
                         "row %zu", i);
}

Test(markdown, styles_end_with_the_line) {
    cr_expect_str_eq(shown(fp_markdown_print, "a **b** `c`", 20, true),
                     "  a \033[1mb\033[0m \033[36mc\033[0m\n");
    cr_expect_str_eq(shown(fp_markdown_print, "**one two three four five**", 12, true),
                     "  \033[1mone two\033[0m\n  \033[1mthree four\033[0m\n  \033[1mfive\033[0m\n");
}

Test(markdown, a_timeline_has_lines_of_life) {
    static const char text[] = "| a | bc |\n| --- | --- |\n| one | |\n| | **two three** |\n\nafter";
    cr_expect_str_eq(shown(fp_timeline_print, text, 40, false),
                     "  a     bc\n  ├ one │\n  │     ╳ two three\n\n  after\n");
    cr_expect_str_eq(shown(fp_timeline_print, text, 16, false),
                     "  a     bc\n  ├ one │\n  │     ╳ two\n  │     │ three\n\n  after\n");
}

static const char pieces[][8] = {"|",  "| --- |", "```",  "\n",  "\n\n", "- ",   "1. ",
                                 "**", "`",       "``",   "[",   "](",   ")",    "\\",
                                 " ",  "a",       "word", "\t",  "\xff", "\xc3", "é",
                                 "│",  "\x1b",    "    ", "://", "_exit"};

/* Whatever it is, it comes to an end, and under a sanitizer nothing is wrong with it. */
Test(markdown, any_text_is_safe) {
    unsigned seed = 1;
    for (int round = 0; round < 4000; round++) {
        char text[400] = "";
        size_t used = 0;
        for (int n = rand_r(&seed) % 60; n > 0; n--) {
            const char *piece = pieces[(size_t)rand_r(&seed) % (sizeof pieces / sizeof pieces[0])];
            used += (size_t)snprintf(text + used, sizeof text - used, "%s", piece);
        }
        size_t width = 1 + (size_t)rand_r(&seed) % 60;
        for (int colour = 0; colour < 2; colour++) {
            const char *all = shown(fp_markdown_print, text, width, colour);
            cr_assert(*all == '\0' || all[strlen(all) - 1] == '\n');
            shown(fp_timeline_print, text, width, colour);
        }
    }
}
