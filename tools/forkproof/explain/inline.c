/* Markdown within a line. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "explain/markdown.h"

struct parse {
    struct fp_rich *rich;
    const char *at, *end;
    bool colour, strong;
    const char *link_end; /* of the text of the link that we are in; NULL: none */
};

static enum fp_style style(const struct parse *parse) {
    return parse->strong ? FP_STRONG : FP_PLAIN;
}

static const char *find(const char *from, const char *end, const char *what) {
    return from < end ? memmem(from, (size_t)(end - from), what, strlen(what)) : NULL;
}

static size_t run_of(char c, const char *at, const char *end) {
    size_t n = 0;
    while (at + n < end && at[n] == c)
        n++;
    return n;
}

/* As many backticks as it begins with end it. */
static bool code(struct parse *parse) {
    size_t n = run_of('`', parse->at, parse->end);
    const char *text = parse->at + n, *close = text;
    while (close < parse->end && run_of('`', close, parse->end) != n)
        close += *close == '`' ? run_of('`', close, parse->end) : 1;
    if (close >= parse->end)
        return false;
    if (parse->colour)
        fp_rich_add(parse->rich, parse->strong ? FP_STRONG : FP_CODE, text, (size_t)(close - text));
    else
        fp_rich_add(parse->rich, style(parse), text - 1, (size_t)(close - text) + 2);
    parse->at = close + n;
    return true;
}

static bool strong(struct parse *parse) {
    if (run_of('*', parse->at, parse->end) < 2 ||
        (!parse->strong && !find(parse->at + 2, parse->end, "**")))
        return false;
    parse->strong = !parse->strong;
    parse->at += 2;
    return true;
}

static bool begin_link(struct parse *parse) {
    const char *middle = parse->link_end ? NULL : find(parse->at, parse->end, "](");
    if (!middle || !find(middle, parse->end, ")"))
        return false;
    parse->link_end = middle;
    parse->at++;
    return true;
}

/* A place in the net is shown, another page is not: its text says enough. */
static void end_link(struct parse *parse) {
    const char *address = parse->link_end + 2, *close = find(address, parse->end, ")");
    parse->link_end = NULL;
    parse->at = close ? close + 1 : parse->end;
    size_t length = close ? (size_t)(close - address) : 0;
    if (!close || !find(address, close, "://"))
        return;
    fp_rich_put(parse->rich, style(parse), " (");
    fp_rich_add(parse->rich, style(parse), address, length);
    fp_rich_put(parse->rich, style(parse), ")");
}

static void step(struct parse *parse) {
    if (*parse->at == '\\' && parse->at + 1 < parse->end && ispunct((unsigned char)parse->at[1]))
        parse->at++;
    else if ((*parse->at == '`' && code(parse)) || (*parse->at == '*' && strong(parse)) ||
             (*parse->at == '[' && begin_link(parse)))
        return;
    const char *from = parse->at++;
    while (parse->at < parse->end && parse->at != parse->link_end && !strchr("\\`*[", *parse->at))
        parse->at++;
    fp_rich_add(parse->rich, style(parse), from, (size_t)(parse->at - from));
}

void fp_markdown_inline(struct fp_rich *rich, const char *text, size_t length, bool colour) {
    char *joined = malloc(length + 1);
    size_t n = 0;
    if (!joined) {
        rich->cut = true;
        return;
    }
    for (size_t i = 0; i < length && text[i]; i++)
        if (!strchr(" \t\n", text[i]))
            joined[n++] = text[i];
        else if (n > 0 && joined[n - 1] != ' ')
            joined[n++] = ' ';
    n -= n > 0 && joined[n - 1] == ' ';
    struct parse parse = {.rich = rich, .at = joined, .end = joined + n, .colour = colour};
    while (parse.at < parse.end)
        if (parse.at == parse.link_end)
            end_link(&parse);
        else
            step(&parse);
    free(joined);
}
