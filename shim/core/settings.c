#include "settings.h"

#include "contract.h"
#include "say.h"
#include "symbol.h"
#include "sys.h"
#include "text.h"

struct fp_settings fp_settings = {.options = {.zombies = FP_DEFAULT_ZOMBIES}};

static char kept[FP_KEPT_SIZE];
static size_t kept_used;

const char *fp_variable_value(const char *variable, const char *name) {
    size_t length = fp_text_length(name);
    return fp_text_same(variable, name, length) && variable[length] == '=' ? variable + length + 1
                                                                           : NULL;
}

/* Nobody could tell what lies outside. */
static void refuse_confinement(void) {
    if (!fp_settings.said)
        fp_say(fp_words(FP_ENV_OPTIONS ": confine=on works under forkproof run only: nothing is "
                                       "confined"));
    fp_settings.said = true;
    fp_settings.options.confine = FP_CONFINE_OFF;
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

static void keep_record(const char *variable) {
#if FP_AUDIT
    fp_settings.record = keep(variable, fp_text_length(variable));
#else
    (void)variable;
#endif
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

static void read_options(const char *text) {
    struct fp_options_error error;
    if (fp_options_parse(text, &fp_settings.options, &error))
        return;
    if (!fp_settings.said)
        fp_say(fp_words(FP_ENV_OPTIONS ": "), fp_words(error.what), fp_words(" '"),
               fp_foreign(error.at, error.length), fp_words("'"));
    fp_settings.said = true;
}

static bool has_slash(const char *item, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (item[i] == '/')
            return true;
    return false;
}

/* Where the list of items would be divided, or the loader would put something else. */
static bool is_special(char c) {
    return (unsigned char)c <= ' ' || c == ':' || c == '$';
}

/* In front of a relative item; the current directory is still the one in which it was found. */
static const char *keep_below_here(const char *item, size_t length) {
    char *copy = kept + kept_used;
    size_t room = sizeof kept - kept_used;
    long named = fp_sys_getcwd(copy, room);
    if (named <= 0 || *copy != '/' || length >= room - (size_t)named)
        return NULL;
    char *slash = copy + named - 1;
    for (const char *c = copy; c < slash; c++)
        if (is_special(*c))
            return NULL;
    *slash = '/';
    fp_text_copy(slash + 1, item, length);
    slash[1 + length] = '\0';
    kept_used += (size_t)named + length + 1;
    return copy;
}

/*
 * By a path that leads to it from everywhere: the loader of the next image would look for a
 * relative one in the directory of that time, which may be a stranger's.
 */
static const char *keep_item(const char *item, size_t length) {
    if (*item == '/' || !has_slash(item, length))
        return keep(item, length);
    const char *found = fp_symbol_own_path();
    if (found && *found == '/') // the item begins with $ORIGIN
        return keep(found, fp_text_length(found));
    return keep_below_here(item, length);
}

void fp_settings_read(char *const *envp) {
    const char *list = NULL;
    const char *options = NULL;
    const char *run = NULL;
    const char *ledger = NULL;
    const char *record = NULL;
    const char *runtime = NULL;
    static const size_t runtime_name = sizeof FP_ENV_RUNTIME_DIR; // and the '='
    size_t length = 0;
    if (fp_sys_is_secure()) { // who has set them has not the rights that they would be used with
        fp_settings.options.contain = FP_CONTAIN_OFF;
        return;
    }
    for (; envp && *envp; envp++) {
        const char *value;
        if ((*envp)[0] == *FP_SYS_PRELOAD && (value = fp_variable_value(*envp, FP_SYS_PRELOAD))) {
            list = value; // the last one counts, as for the loader
        } else if ((*envp)[0] == 'F') {
            if ((value = fp_variable_value(*envp, FP_ENV_OPTIONS))) {
                options = value;
            } else if (fp_variable_value(*envp, FP_ENV_RUN)) {
                run = *envp;
            } else if (fp_variable_value(*envp, FP_ENV_LEDGER)) {
                ledger = *envp;
            } else if (FP_AUDIT && fp_variable_value(*envp, FP_ENV_RECORD)) {
                record = *envp;
            } else if ((value = fp_variable_value(*envp, FP_ENV_GROUP))) {
                fp_settings.group = value;
            } else if ((value = fp_variable_value(*envp, FP_ENV_RUNTIME_DIR))) {
                runtime = value;
            } else if (fp_variable_value(*envp, FP_ENV_SAID)) {
                fp_settings.said = true;
            }
        }
    }
    // Our own item first: without it nothing else is worth keeping.
    const char *item = list ? fp_preload_item(list, &length) : NULL;
    if (item)
        fp_settings.preload = keep_item(item, length);
    if (item && !fp_settings.preload)
        fp_say(fp_words("path cannot be kept over exec '"), fp_foreign(item, length),
               fp_words("'"));
    if (options) {
        fp_settings.text =
            keep(options - sizeof FP_ENV_OPTIONS, fp_text_length(options) + sizeof FP_ENV_OPTIONS);
        read_options(options);
    }
    if (run)
        fp_settings.run = keep(run, fp_text_length(run));
    if (run && ledger)
        fp_settings.ledger = keep(ledger, fp_text_length(ledger));
    if (record)
        keep_record(record);
    if (!run && fp_settings.options.confine == FP_CONFINE_ON)
        refuse_confinement();
    if (runtime && *runtime == '/')
        fp_settings.runtime_text =
            keep(runtime - runtime_name, runtime_name + fp_text_length(runtime));
    if (fp_settings.runtime_text)
        fp_settings.runtime = fp_settings.runtime_text + runtime_name;
}
