#include "environ.h"

#include <stdint.h>

#include "contract.h"
#include "sys.h"
#include "text.h"

#define PAGE ((uintptr_t)4096) /* the smallest there is: more looks than needed elsewhere */
#define LONGEST_NAME 32

#define PRELOAD "LD_PRELOAD"
#define SAID FP_ENV_SAID "=1"

/* Reads memory that may not be there, one look a page. */
struct reader {
    bool trusted;
    uintptr_t seen; /* the last page that could be read */
};

static bool can_read(struct reader *reader, const void *at) {
    uintptr_t page = (uintptr_t)at / PAGE;
    if (reader->trusted || page == reader->seen)
        return true;
    if (!fp_sys_is_readable(at))
        return false;
    reader->seen = page;
    return true;
}

/* Whether the first `length` bytes of a string, or all of it, can be read. */
static bool can_read_text(struct reader *reader, const char *text, size_t length) {
    if (!can_read(reader, text))
        return false;
    if (reader->trusted || (uintptr_t)text % PAGE + length <= PAGE)
        return true;
    for (size_t i = 0; i < length; i++) {
        if (!can_read(reader, text + i))
            return false;
        if (!text[i])
            return true;
    }
    return true;
}

/* What an environment has of what we want it to have. */
struct found {
    size_t count;     /* variables */
    const char *list; /* the LD_PRELOAD variable that counts, or NULL */
    size_t list_at;
    bool text, run, said;
};

static bool look(struct found *ret, struct reader *reader, char *const *envp) {
    *ret = (struct found){0};
    for (size_t i = 0;; i++) {
        if (!can_read(reader, &envp[i]))
            return false;
        const char *variable = envp[i];
        ret->count = i;
        if (!variable)
            return true;
        if (!can_read_text(reader, variable, LONGEST_NAME))
            return false;
        if (variable[0] == 'L' && fp_variable_value(variable, PRELOAD)) {
            ret->list = variable; // the last one counts, as for the loader
            ret->list_at = i;
            if (!can_read_text(reader, variable, SIZE_MAX / 2))
                return false;
        } else if (variable[0] == 'F') {
            ret->text |= fp_variable_value(variable, FP_ENV_OPTIONS) != NULL;
            ret->run |= fp_variable_value(variable, FP_ENV_RUN) != NULL;
            ret->said |= fp_variable_value(variable, FP_ENV_SAID) != NULL;
        }
    }
}

static char letter_for(const char *list) {
    char last = list[fp_text_length(list) - 1];
    return (char)(last == ':' || last == '=' ? FP_KEPT_ITEM : FP_KEPT_MERGED);
}

bool fp_environ_lacks(struct fp_environ *ret_plan, const struct fp_settings *settings,
                      char *const *envp, bool trusted) {
    static char *const empty[] = {NULL};
    struct reader reader = {trusted || !envp, UINTPTR_MAX};
    struct found found;
    if (settings->options.env == FP_ENV_OFF || !settings->preload)
        return false;
    envp = envp ? envp : empty;
    if ((uintptr_t)envp % sizeof *envp != 0 || !look(&found, &reader, envp))
        return false;
    *ret_plan = (struct fp_environ){
        .from = envp,
        .count = found.count,
        .list_at = found.list ? found.list_at : found.count,
    };
    size_t added = 0;
    size_t item;
    if (!found.list || !fp_preload_item(found.list + sizeof PRELOAD, &item)) {
        ret_plan->added[added++] = found.list ? letter_for(found.list) : FP_KEPT_PRELOAD;
        ret_plan->text_length = sizeof PRELOAD + sizeof ":" + fp_text_length(settings->preload) +
                                (found.list ? fp_text_length(found.list) : 0);
    }
    if (settings->text && !found.text)
        ret_plan->added[added++] = FP_KEPT_OPTIONS;
    if (settings->run && !found.run)
        ret_plan->added[added++] = FP_KEPT_RUN;
    if (settings->said && !found.said)
        ret_plan->added[added++] = FP_KEPT_SAID;
    if (added > 0)
        ret_plan->text_length += sizeof FP_ENV_KEPT "=" + sizeof ret_plan->added;
    return added > 0;
}

size_t fp_environ_slots(const struct fp_environ *plan) {
    return plan->count + 6; // LD_PRELOAD, OPTIONS, RUN, SAID, KEPT, NULL
}

static char *append(char *to, const char *text) {
    size_t length = fp_text_length(text);
    fp_text_copy(to, text, length + 1);
    return to + length;
}

void fp_environ_fill(const struct fp_environ *plan, const struct fp_settings *settings,
                     char **ret_envp, char *ret_text) {
    size_t used = plan->count;
    for (size_t i = 0; i < plan->count; i++)
        ret_envp[i] = plan->from[i];
    char *end = ret_text;
    for (const char *letter = plan->added; *letter; letter++) {
        bool listed = plan->list_at < plan->count;
        switch (*letter) { // what is not copied is only read by the kernel
        case FP_KEPT_OPTIONS:
            ret_envp[used++] = (char *)(uintptr_t)settings->text;
            break;
        case FP_KEPT_RUN:
            ret_envp[used++] = (char *)(uintptr_t)settings->run;
            break;
        case FP_KEPT_SAID:
            ret_envp[used++] = (char *)(uintptr_t)SAID;
            break;
        default:
            ret_envp[listed ? plan->list_at : used++] = end;
            end = append(end, listed ? plan->from[plan->list_at] : PRELOAD "=");
            end = append(end, *letter == FP_KEPT_MERGED ? ":" : "");
            end = append(end, settings->preload) + 1;
        }
    }
    ret_envp[used++] = end;
    append(append(end, FP_ENV_KEPT "="), plan->added);
    ret_envp[used] = NULL;
}

static bool has(const char *letters, char letter) {
    for (; *letters; letters++)
        if (*letters == letter)
            return true;
    return false;
}

/* Cuts our item, which exec put last, off the list. */
static void cut_item(char *list, bool with_colon) {
    size_t length = 0;
    const char *item = fp_preload_item(list, &length);
    if (!item || item[length])
        return;
    char *cut = list + (item - list);
    if (with_colon && cut > list && cut[-1] == ':')
        cut--;
    *cut = '\0';
}

void fp_environ_strip(char **envp) {
    const char *added = NULL;
    char *list = NULL;
    for (char **at = envp; *at; at++) {
        if (fp_variable_value(*at, FP_ENV_KEPT))
            added = fp_variable_value(*at, FP_ENV_KEPT);
        else if (fp_variable_value(*at, PRELOAD))
            list = *at;
    }
    if (!added)
        return;
    if (list && (has(added, FP_KEPT_ITEM) || has(added, FP_KEPT_MERGED)))
        cut_item(list + sizeof PRELOAD, has(added, FP_KEPT_MERGED));
    char **to = envp;
    for (char **at = envp; *at; at++) {
        bool drop = fp_variable_value(*at, FP_ENV_KEPT) ||
                    (has(added, FP_KEPT_PRELOAD) && *at == list) ||
                    (has(added, FP_KEPT_OPTIONS) && fp_variable_value(*at, FP_ENV_OPTIONS)) ||
                    (has(added, FP_KEPT_RUN) && fp_variable_value(*at, FP_ENV_RUN)) ||
                    (has(added, FP_KEPT_SAID) && fp_variable_value(*at, FP_ENV_SAID));
        if (!drop)
            *to++ = *at;
    }
    *to = NULL;
}
