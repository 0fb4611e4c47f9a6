#include "options.h"

#include "contract.h"
#include "text.h"

/* Every default leaves a program alone, so all that are not counts are 0. */
const struct fp_options fp_options_default = {.zombies = FP_DEFAULT_ZOMBIES};

/* A piece of the text being read; not terminated. */
struct slice {
    const char *start;
    size_t length;
};

static bool slice_is(struct slice s, const char *word) {
    return fp_text_length(word) == s.length && fp_text_same(s.start, word, s.length);
}

#define AS_TEXT_ITSELF(x) #x
#define AS_TEXT(macro) AS_TEXT_ITSELF(macro)

static bool read_zombies(struct slice s, unsigned *ret_value, const char **ret_expected) {
    unsigned value = 0;
    *ret_expected = "a number up to " AS_TEXT(FP_MAX_ZOMBIES);
    if (s.length == 0 || s.length > 9)
        return false;
    for (size_t i = 0; i < s.length; i++) {
        if (s.start[i] < '0' || s.start[i] > '9')
            return false;
        value = value * 10 + (unsigned)(s.start[i] - '0');
    }
    if (value > FP_MAX_ZOMBIES)
        return false;
    *ret_value = value;
    return true;
}

/* The place of the word in "one|two|three", which is what is expected. */
static bool read_word(struct slice s, const char *words, unsigned *ret_place,
                      const char **ret_expected) {
    *ret_expected = words;
    for (unsigned place = 0; *words; place++) {
        size_t length = 0;
        while (words[length] && words[length] != '|')
            length++;
        if (length == s.length && fp_text_same(s.start, words, length)) {
            *ret_place = place;
            return true;
        }
        words += length + (words[length] == '|');
    }
    return false;
}

/* Returns what is wrong with the pair, and what its value may be; or NULL. */
static const char *read_pair(struct slice pair, struct fp_options *options,
                             const char **ret_expected) {
    size_t split = 0;
    while (split < pair.length && pair.start[split] != '=')
        split++;
    if (split == pair.length)
        return "no '=' in option";
    struct slice key = {pair.start, split};
    struct slice value = {pair.start + split + 1, pair.length - split - 1};
    bool good;
    if (slice_is(key, "zombies"))
        good = read_zombies(value, &options->zombies, ret_expected);
    else if (slice_is(key, "verbose"))
        good = read_word(value, "0|1", &options->verbose, ret_expected);
    else if (slice_is(key, "stale"))
        good = read_word(value, "deny|report|allow", &options->stale, ret_expected);
    else if (slice_is(key, "kill"))
        good = read_word(value, "process|tree", &options->kill, ret_expected);
    else if (slice_is(key, "env"))
        good = read_word(value, "keep|restore|off", &options->env, ret_expected);
    else if (slice_is(key, "sigpipe"))
        good = read_word(value, "keep|epipe", &options->sigpipe, ret_expected);
    else if (slice_is(key, "pipes"))
        good = read_word(value, "keep|cloexec", &options->pipes, ret_expected);
    else if (slice_is(key, "exec"))
        good = read_word(value, "libc|parent-dir", &options->exec, ret_expected);
    else if (slice_is(key, "contain"))
        good = read_word(value, "group|guard|off", &options->contain, ret_expected);
    else if (slice_is(key, "confine"))
        good = read_word(value, "off|on", &options->confine, ret_expected);
    else
        return "unknown option";
    return good ? NULL : "bad value in option";
}

bool fp_options_parse(const char *text, struct fp_options *ret_options,
                      struct fp_options_error *ret_error) {
    bool good = true;
    *ret_options = fp_options_default;
    while (*text) {
        struct slice pair = {text, 0};
        while (text[pair.length] && text[pair.length] != ':')
            pair.length++;
        const char *expected = NULL;
        const char *what = pair.length ? read_pair(pair, ret_options, &expected) : NULL;
        if (what && good) {
            *ret_error = (struct fp_options_error){pair.start, pair.length, what, expected};
            good = false;
        }
        text += pair.length;
        if (*text == ':')
            text++;
    }
    return good;
}
