#include "settings.h"

#include "contract.h"
#include "sys.h"
#include "text.h"

struct fp_settings fp_settings = {
    .options = {.zombies = FP_DEFAULT_ZOMBIES, .stale = FP_STALE_DENY, .env = FP_ENV_KEEP},
};

static char kept[FP_KEPT_SIZE];
static size_t kept_used;

const char *fp_variable_value(const char *variable, const char *name) {
    size_t length = fp_text_length(name);
    return fp_text_same(variable, name, length) && variable[length] == '=' ? variable + length + 1
                                                                           : NULL;
}

/* A terminated copy, or NULL without room. */
static const char *keep(const char *text, size_t length) {
    if (length >= sizeof kept - kept_used)
        return NULL;
    char *copy = kept + kept_used;
    fp_text_copy(copy, text, length);
    copy[length] = '\0';
    kept_used += length + 1;
    return copy;
}

static bool is_ours(const char *item, size_t length) {
    static const char name[] = "libforkproof";
    size_t base = length;
    while (base > 0 && item[base - 1] != '/')
        base--;
    return length - base > sizeof name && fp_text_same(item + base, name, sizeof name - 1);
}

const char *fp_preload_item(const char *list, size_t *ret_length) {
    const char *found = NULL;
    while (*list) {
        size_t length = 0;
        while (list[length] && list[length] != ':' && list[length] != ' ')
            length++;
        if (is_ours(list, length)) {
            found = list;
            *ret_length = length;
        }
        list += length;
        while (*list == ':' || *list == ' ')
            list++;
    }
    return found;
}

/* One line on stderr; what came from outside is shown without control characters. */
static void complain(const char *const *pieces, size_t count, const char *shown, size_t length) {
    char line[256];
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        size_t piece = fp_text_length(pieces[i]);
        fp_text_copy(line + used, pieces[i], piece);
        used += piece;
    }
    for (size_t i = 0; i < length && used < sizeof line - 2; i++) {
        bool control = shown[i] < ' ' || shown[i] == 127;
        line[used++] = control ? (char)'?' : shown[i];
    }
    line[used++] = '\'';
    line[used++] = '\n';
    (void)fp_sys_write(2, line, used);
}

static void read_options(const char *text) {
    struct fp_options_error error;
    if (fp_options_parse(text, &fp_settings.options, &error))
        return;
    const char *const pieces[] = {"forkproof: " FP_ENV_OPTIONS ": ", error.what, " '"};
    if (!fp_settings.said)
        complain(pieces, 3, error.at, error.length);
    fp_settings.said = true;
}

void fp_settings_read(char *const *envp) {
    const char *list = NULL;
    const char *options = NULL;
    const char *run = NULL;
    size_t length = 0;
    for (; envp && *envp; envp++) {
        const char *value;
        if ((*envp)[0] == 'L' && (value = fp_variable_value(*envp, "LD_PRELOAD"))) {
            list = value; // the last one counts, as for the loader
        } else if ((*envp)[0] == 'F') {
            if ((value = fp_variable_value(*envp, FP_ENV_OPTIONS))) {
                options = value;
            } else if (fp_variable_value(*envp, FP_ENV_RUN)) {
                run = *envp;
            } else if (fp_variable_value(*envp, FP_ENV_SAID)) {
                fp_settings.said = true;
            }
        }
    }
    // Our own item first: without it nothing else is worth keeping.
    const char *item = list ? fp_preload_item(list, &length) : NULL;
    if (item)
        fp_settings.preload = keep(item, length);
    if (item && !fp_settings.preload) {
        const char *const pieces[] = {"forkproof: path too long to be kept over exec '"};
        complain(pieces, 1, item, length);
    }
    if (options) {
        fp_settings.text =
            keep(options - sizeof FP_ENV_OPTIONS, fp_text_length(options) + sizeof FP_ENV_OPTIONS);
        read_options(options);
    }
    if (run)
        fp_settings.run = keep(run, fp_text_length(run));
}
