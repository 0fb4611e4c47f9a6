/* Text of strangers, shown. */
#include <string.h>

#include "escape.h"
#include "format/text.h"

enum { ARGUMENT = 80, LINE = 240 };

/* One character as it is shown; returns how many bytes of the text it was. */
static size_t shown(const char *text, char ret[32]) {
    size_t n = fp_utf8(text, strnlen(text, 4));
    fp_escape(text, n ? n : 1, ret, 32);
    return n ? n : 1;
}

static size_t put(FILE *out, const char *text, size_t most) {
    size_t used = 0;
    while (*text) {
        char piece[32];
        size_t n = shown(text, piece), width = strlen(piece);
        if (used + width > most)
            break;
        fputs(piece, out);
        used += width;
        text += n;
    }
    return *text ? 0 : used;
}

void fp_text_put(FILE *out, const char *text, size_t most) {
    if (text && *text && !put(out, text, most))
        fprintf(out, "...[%zu bytes]", strlen(text));
}

static void argument(FILE *out, const char *text) {
    bool quoted = !*text || strpbrk(text, " \t\n'\"\\$`;&|<>()*?#~");
    const char *quote = !quoted ? "" : strchr(text, '\'') ? "\"" : "'";
    fputs(quote, out);
    fp_text_put(out, text, ARGUMENT);
    fputs(quote, out);
}

void fp_text_argv(FILE *out, const char *const *argv, size_t argc) {
    size_t used = 0;
    for (size_t i = 0; i < argc; i++) {
        if (used > LINE) {
            fprintf(out, " ...[%zu arguments more]", argc - i);
            return;
        }
        if (i > 0)
            fputc(' ', out);
        argument(out, argv[i]);
        used += 1 + strnlen(argv[i], ARGUMENT);
    }
}
