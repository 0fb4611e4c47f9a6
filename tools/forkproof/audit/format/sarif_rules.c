/* The rules of a log: those that have a result, with the catalogue's texts. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "format/sarif.h"

size_t fp_sarif_rule_index(const struct fp_sarif *s, const struct fp_finding *finding) {
    size_t i = 0;
    while (i < s->rule_count && strcmp(s->audit->findings[s->rules[i]].rule, finding->rule) != 0)
        i++;
    return i;
}

int fp_sarif_collect_rules(struct fp_sarif *s) {
    s->rules = calloc(s->audit->finding_count + 1, sizeof *s->rules);
    if (!s->rules)
        return -ENOMEM;
    for (size_t i = 0; i < s->audit->finding_count; i++) {
        const struct fp_finding *finding = &s->audit->findings[i];
        size_t at = fp_sarif_rule_index(s, finding);
        if (at == s->rule_count)
            s->rules[s->rule_count++] = i;
        else if (finding->severity > s->audit->findings[s->rules[at]].severity)
            s->rules[at] = i;
    }
    return 0;
}

static const struct fp_gotcha *gotcha_of(const struct fp_sarif *s, const char *id) {
    for (size_t i = 0; s->format && i < s->format->gotcha_count; i++)
        if (strcmp(s->format->gotchas[i].id, id) == 0)
            return &s->format->gotchas[i];
    return NULL;
}

static void text(struct fp_emit *e, const char *key, const char *words) {
    fp_emit_open(e, key, '{');
    fp_emit_string(e, "text", words);
    fp_emit_close(e, '}');
}

static void help(struct fp_emit *e, const struct fp_gotcha *gotcha, const char *title) {
    fp_emit_open(e, "help", '{');
    if (gotcha) {
        fp_emit_format(e, "text", "%s\n\nRemedy:\n\n%s", gotcha->story, gotcha->remedy);
        fp_emit_format(e, "markdown", "## Story\n\n%s\n\n## Remedy\n\n%s", gotcha->story,
                       gotcha->remedy);
    } else {
        fp_emit_string(e, "text", title);
        fp_emit_string(e, "markdown", title);
    }
    fp_emit_close(e, '}');
}

static bool is_repeated(const char *const *tags, size_t index) {
    bool again = strcmp(tags[index], "correctness") == 0;
    for (size_t i = 0; i < index && !again; i++)
        again = strcmp(tags[i], tags[index]) == 0;
    return again;
}

static void properties(struct fp_emit *e, const struct fp_gotcha *gotcha, const char *level) {
    fp_emit_open(e, "properties", '{');
    /* The words of code-scanning services for how a rule's results are shown. */
    fp_emit_string(e, "problem.severity", strcmp(level, "note") == 0 ? "recommendation" : level);
    fp_emit_open(e, "tags", '[');
    fp_emit_string(e, NULL, "correctness");
    for (size_t i = 0; gotcha && gotcha->tags && gotcha->tags[i] && i < 9; i++)
        if (!is_repeated(gotcha->tags, i))
            fp_emit_string(e, NULL, gotcha->tags[i]);
    fp_emit_close(e, ']');
    fp_emit_close(e, '}');
}

static void rule(struct fp_sarif *s, const struct fp_finding *finding) {
    struct fp_emit *e = &s->emit;
    const struct fp_gotcha *gotcha = gotcha_of(s, finding->rule);
    const char *title = gotcha ? gotcha->title : finding->title;
    if (!title || !*title)
        title = finding->rule;
    const char *level = gotcha ? gotcha->severity : fp_severity_word(finding->severity);
    fp_emit_open(e, NULL, '{');
    fp_emit_string(e, "id", finding->rule);
    text(e, "shortDescription", title);
    text(e, "fullDescription", gotcha && *gotcha->audit ? gotcha->audit : title);
    help(e, gotcha, title);
    fp_emit_open(e, "defaultConfiguration", '{');
    fp_emit_string(e, "level", level);
    fp_emit_close(e, '}');
    properties(e, gotcha, level);
    fp_emit_close(e, '}');
}

void fp_sarif_rules(struct fp_sarif *s) {
    fp_emit_open(&s->emit, "rules", '[');
    for (size_t i = 0; i < s->rule_count; i++)
        rule(s, &s->audit->findings[s->rules[i]]);
    fp_emit_close(&s->emit, ']');
}
