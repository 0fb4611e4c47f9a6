#include "suppress.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "format.h"
#include "glob.h"
#include "say.h"

enum { SIZE_MOST = 1 << 20, SAID_MOST = 3 };

/* --- reading --- */

struct reader {
    struct fp_suppressions *all;
    const char *path;
    const struct fp_gotcha *gotchas;
    size_t gotcha_count;
    size_t line, wrong;
};

static void complain(struct reader *reader, size_t column, const char *what) {
    if (++reader->wrong <= SAID_MOST)
        fp_say("%s:%zu:%zu: %s", reader->path, reader->line, column + 1, what);
}

static bool is_rule(const struct reader *reader, const char *name, size_t length) {
    for (size_t i = 0; i < reader->gotcha_count; i++) {
        const struct fp_gotcha *gotcha = &reader->gotchas[i];
        if (strlen(gotcha->id) == length && memcmp(gotcha->id, name, length) == 0)
            return *gotcha->audit;
    }
    return false;
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

/* Where the comment or the line ends, blanks before that not counted. */
static size_t length_of(const char *line, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (line[i] == '#' && (i == 0 || is_blank(line[i - 1])))
            length = i;
    while (length > 0 && is_blank(line[length - 1]))
        length--;
    return length;
}

/* Says what no line may hold; the column is counted in bytes. */
static bool is_text(struct reader *reader, const char *line, size_t length) {
    for (size_t i = 0, n; i < length; i += n) {
        n = fp_utf8(line + i, length - i);
        if (n == 0) {
            complain(reader, i, "not UTF-8 (write ? for such a character)");
            return false;
        }
        if ((unsigned char)line[i] < 0x20 && line[i] != '\t') {
            complain(reader, i, "a control character (write ? for it)");
            return false;
        }
    }
    return true;
}

static bool is_pattern(struct reader *reader, const char *line, size_t from, size_t length) {
    if (from == length) {
        complain(reader, from, "no pattern behind the ':'");
        return false;
    }
    for (size_t i = from; i < length; i++)
        if (line[i] == '\\' && ++i == length) {
            complain(reader, i - 1, "nothing behind the last '\\'");
            return false;
        }
    return true;
}

static int add(struct reader *reader, const char *rule, size_t rule_length, const char *pattern,
               size_t length) {
    struct fp_suppressions *all = reader->all;
    if (all->count == all->room) {
        size_t room = all->room ? 2 * all->room : 16;
        struct fp_suppression *list = realloc(all->list, room * sizeof *list);
        if (!list)
            return -ENOMEM;
        all->list = list;
        all->room = room;
    }
    struct fp_suppression *one = &all->list[all->count++];
    *one = (struct fp_suppression){.rule = strndup(rule, rule_length),
                                   .pattern = strndup(pattern, length)};
    if (!one->rule || !one->pattern ||
        asprintf(&one->origin, "%s:%zu: %s:%s", reader->path, reader->line, one->rule,
                 one->pattern) < 0) {
        one->origin = NULL;
        return -ENOMEM;
    }
    return 0;
}

static int read_line(struct reader *reader, const char *line, size_t length) {
    size_t start = 0;
    length = length_of(line, length);
    while (start < length && is_blank(line[start]))
        start++;
    if (start == length || !is_text(reader, line, length))
        return 0;
    const char *colon = memchr(line + start, ':', length - start);
    if (!colon) {
        complain(reader, length, "no ':' between rule and pattern");
        return 0;
    }
    size_t end = (size_t)(colon - line), from = end + 1;
    while (from < length && is_blank(line[from]))
        from++;
    if (end == start)
        complain(reader, start, "no rule before the ':'");
    else if (!is_rule(reader, line + start, end - start))
        complain(reader, start, "no such rule (forkproof explain lists them)");
    else if (is_pattern(reader, line, from, length))
        return add(reader, line + start, end - start, line + from, length - from);
    return 0;
}

static int read_lines(struct reader *reader, const char *text, size_t size) {
    static const char mark[] = "\xef\xbb\xbf";
    size_t at = size >= 3 && memcmp(text, mark, 3) == 0 ? 3 : 0;
    int r = 0;
    while (r == 0 && at < size) {
        const char *end = memchr(text + at, '\n', size - at);
        size_t length = end ? (size_t)(end - text) - at : size - at;
        reader->line++;
        r = read_line(reader, text + at, length);
        at += length + 1;
    }
    return r;
}

/* A file without an end is no suppression file. */
static int read_file(struct reader *reader, FILE *file) {
    char *text = malloc(SIZE_MOST + 1);
    if (!text)
        return -ENOMEM;
    errno = 0;
    size_t size = fread(text, 1, SIZE_MOST + 1, file);
    int r = ferror(file) ? (errno ? -errno : -EIO) : size > SIZE_MOST ? -EFBIG : 0;
    if (r == 0)
        r = read_lines(reader, text, size);
    free(text);
    return r;
}

int fp_suppressions_read(struct fp_suppressions *all, const char *path,
                         const struct fp_gotcha *gotchas, size_t gotcha_count) {
    struct reader reader = {
        .all = all, .path = path, .gotchas = gotchas, .gotcha_count = gotcha_count};
    FILE *file = fopen(path, "re");
    int r = file ? read_file(&reader, file) : -errno;
    if (r < 0)
        fp_say("cannot read the suppressions %s: %s", path, strerror(-r));
    else if (reader.wrong > SAID_MOST)
        fp_say("%s: and %zu more", path, reader.wrong - SAID_MOST);
    if (file)
        fclose(file);
    return r == 0 && reader.wrong ? -EINVAL : r;
}

/* --- matching --- */

/* 1: it matches, 0: it does not; or -ENOMEM. */
static int match_path(const char *pattern, const char *directory, const char *path) {
    if (!path)
        return 0;
    if (fp_glob(pattern, path) || fp_glob(pattern, fp_path_base(path)))
        return 1;
    char *relative = fp_path_below(directory, path);
    int r = relative ? fp_glob(pattern, relative) : -ENOMEM;
    free(relative);
    return r;
}

static int match_frame(const char *pattern, const char *directory, const struct fp_frame *frame) {
    if (frame->function && fp_glob(pattern, frame->function))
        return 1;
    int r = match_path(pattern, directory, frame->file);
    return r ? r : match_path(pattern, directory, frame->module);
}

static int match(const char *pattern, const struct fp_audit *audit,
                 const struct fp_finding *finding) {
    const struct fp_process *process = fp_audit_process(audit, finding->process);
    int r = 0;
    if (finding->place_count) {
        const struct fp_place *place = &finding->places[0];
        for (size_t i = 0; r == 0 && i < place->frame_count; i++)
            r = match_frame(pattern, audit->directory, &place->frames[i]);
    }
    if (r == 0 && process)
        r = match_path(pattern, audit->directory, process->script);
    if (r == 0 && process)
        r = match_path(pattern, audit->directory, process->image);
    return r;
}

/* --- the line to paste --- */

static bool begins(const char *text, const char *with) {
    return strncmp(text, with, strlen(with)) == 0;
}

/* Code that every program has: to name it would suppress the rule as a whole. */
static bool is_everybodys(const struct fp_frame *frame) {
    const char *module = frame->module ? fp_path_base(frame->module) : "";
    return begins(module, "libc.so") || begins(module, "libc-") || begins(module, "libpthread") ||
           begins(module, "ld-linux") || begins(module, "ld-musl");
}

/* Frames up to a signal's: where that came is chance. */
static size_t frames_of(const struct fp_place *place) {
    size_t count = 0;
    while (count < place->frame_count &&
           !(place->frames[count].function &&
             strcmp(place->frames[count].function, FP_SIGNAL_FRAME) == 0))
        count++;
    return count;
}

/* What names the finding best: a function, a file, a module, a program. NULL: nothing does. */
static char *name_of(const struct fp_audit *audit, const struct fp_finding *finding) {
    const struct fp_process *process = fp_audit_process(audit, finding->process);
    const struct fp_place *place = finding->place_count ? &finding->places[0] : NULL;
    if (process && process->script)
        return fp_path_below(audit->directory, process->script);
    size_t count = place ? frames_of(place) : 0;
    for (size_t i = 0; i < count; i++)
        if (place->frames[i].function && *place->frames[i].function &&
            !is_everybodys(&place->frames[i]))
            return strdup(place->frames[i].function);
    for (size_t i = 0; i < count; i++) {
        if (is_everybodys(&place->frames[i]))
            continue;
        if (place->frames[i].file && *place->frames[i].file)
            return fp_path_below(audit->directory, place->frames[i].file);
        if (place->frames[i].module && *place->frames[i].module)
            return strdup(fp_path_base(place->frames[i].module));
    }
    return process && process->image ? strdup(fp_path_base(process->image)) : NULL;
}

static int make_line(const struct fp_audit *audit, struct fp_finding *finding) {
    char *name = name_of(audit, finding);
    if (!name || !*name) {
        free(name);
        return 0;
    }
    char *pattern = fp_glob_for(name);
    int n = pattern ? asprintf(&finding->suppression, "%s:%s", finding->rule, pattern) : -1;
    if (n < 0)
        finding->suppression = NULL;
    free(pattern);
    free(name);
    return n < 0 ? -ENOMEM : 0;
}

static int apply(struct fp_suppressions *all, const struct fp_audit *audit,
                 struct fp_finding *finding) {
    int r = finding->suppression ? 0 : make_line(audit, finding);
    for (size_t i = 0; r >= 0 && i < all->count; i++) {
        struct fp_suppression *one = &all->list[i];
        if (strcmp(one->rule, finding->rule) != 0)
            continue;
        r = match(one->pattern, audit, finding);
        if (r > 0)
            finding->is_suppressed = one->is_used = true;
    }
    return r < 0 ? r : 0;
}

int fp_suppressions_apply(struct fp_suppressions *all, struct fp_audit *audit) {
    for (size_t i = 0; i < audit->finding_count; i++) {
        int r = apply(all, audit, &audit->findings[i]);
        if (r < 0)
            return r;
    }
    free(all->unused);
    audit->unused_suppression_count = 0;
    audit->unused_suppressions = all->unused = calloc(all->count + 1, sizeof *all->unused);
    if (!all->unused)
        return -ENOMEM;
    for (size_t i = 0; i < all->count; i++)
        if (!all->list[i].is_used)
            all->unused[audit->unused_suppression_count++] = all->list[i].origin;
    return 0;
}

void fp_suppressions_free(struct fp_suppressions *all) {
    for (size_t i = 0; i < all->count; i++) {
        free(all->list[i].rule);
        free(all->list[i].pattern);
        free(all->list[i].origin);
    }
    free(all->list);
    free(all->unused);
    *all = (struct fp_suppressions){0};
}
