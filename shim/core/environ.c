#include "environ.h"

#include <stdint.h>

#include "contract.h"
#include "sys.h"
#include "text.h"

#define PAGE ((uintptr_t)4096) /* the smallest there is: more looks than needed elsewhere */
#define LONGEST_NAME 32

#define PRELOAD FP_SYS_PRELOAD
#define SAID FP_ENV_SAID "=1"

/* Reads memory that may not be there, one look a page. */
struct reader {
    uintptr_t seen; /* the last page that could be read */
};

static bool can_read(struct reader *reader, const void *at) {
    uintptr_t page = (uintptr_t)at / PAGE;
    if (page == reader->seen)
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
    if ((uintptr_t)text % PAGE + length <= PAGE)
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
    bool text, run, ledger, said, runtime, record;
};

static bool look(struct found *ret, char *const *envp) {
    struct reader array = {UINTPTR_MAX};
    struct reader text = array; // array and strings lie apart
    *ret = (struct found){0};
    for (size_t i = 0;; i++) {
        if (!can_read(&array, &envp[i]))
            return false;
        const char *variable = envp[i];
        ret->count = i;
        if (!variable)
            return true;
        if (!can_read_text(&text, variable, LONGEST_NAME))
            return false;
        if (variable[0] == 'L' && fp_variable_value(variable, PRELOAD)) {
            ret->list = variable; // the last one counts, as for the loader
            ret->list_at = i;
            if (!can_read_text(&text, variable, SIZE_MAX / 2))
                return false;
        } else if (variable[0] == 'F') {
            ret->text |= fp_variable_value(variable, FP_ENV_OPTIONS) != NULL;
            ret->run |= fp_variable_value(variable, FP_ENV_RUN) != NULL;
            ret->ledger |= fp_variable_value(variable, FP_ENV_LEDGER) != NULL;
            ret->record |= FP_AUDIT && fp_variable_value(variable, FP_ENV_RECORD) != NULL;
            ret->said |= fp_variable_value(variable, FP_ENV_SAID) != NULL;
            ret->runtime |= fp_variable_value(variable, FP_ENV_RUNTIME_DIR) != NULL;
        }
    }
}

static char letter_for(const char *list) {
    char last = list[fp_text_length(list) - 1];
    return (char)(last == ':' || last == '=' ? FP_KEPT_ITEM : FP_KEPT_MERGED);
}

bool fp_environ_lacks(struct fp_environ *ret_plan, const struct fp_settings *settings,
                      const char *group, char *const *envp) {
    static char *const empty[] = {NULL};
    struct found found;
    if (settings->options.env == FP_ENV_OFF || !settings->preload)
        return false;
    envp = envp ? envp : empty;
    if ((uintptr_t)envp % sizeof *envp != 0 || !look(&found, envp))
        return false;
    *ret_plan = (struct fp_environ){
        .from = envp,
        .count = found.count,
        .list_at = found.list ? found.list_at : found.count,
        .group = group,
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
    if (settings->ledger && !found.ledger)
        ret_plan->added[added++] = FP_KEPT_LEDGER;
    if (fp_settings_record(settings) && !found.record)
        ret_plan->added[added++] = FP_KEPT_RECORD;
    if (settings->said && !found.said)
        ret_plan->added[added++] = FP_KEPT_SAID;
    if (settings->runtime_text && !found.runtime && settings->options.env == FP_ENV_RESTORE)
        ret_plan->added[added++] = FP_KEPT_RUNTIME;
    if (group) {
        ret_plan->added[added++] = FP_KEPT_GROUP;
        ret_plan->text_length +=
            sizeof FP_ENV_GROUP "=" + FP_NUMBER_SIZE + sizeof ":" + fp_text_length(group);
    }
    if (added > 0)
        ret_plan->text_length += sizeof FP_ENV_KEPT "=" + sizeof ret_plan->added;
    return added > 0;
}

size_t fp_environ_slots(const struct fp_environ *plan) {
    // LD_PRELOAD, OPTIONS, RUN, LEDGER, RECORD, SAID, RUNTIME_DIR, GROUP, KEPT, NULL
    return plan->count + 9 + FP_AUDIT;
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
        case FP_KEPT_LEDGER:
            ret_envp[used++] = (char *)(uintptr_t)settings->ledger;
            break;
#if FP_AUDIT
        case FP_KEPT_RECORD:
            ret_envp[used++] = (char *)(uintptr_t)fp_settings_record(settings);
            break;
#endif
        case FP_KEPT_SAID:
            ret_envp[used++] = (char *)(uintptr_t)SAID;
            break;
        case FP_KEPT_RUNTIME:
            ret_envp[used++] = (char *)(uintptr_t)settings->runtime_text;
            break;
        case FP_KEPT_GROUP:
            ret_envp[used++] = end;
            end = append(end, FP_ENV_GROUP "=");
            end += fp_text_number(end, (unsigned)fp_sys_getpid());
            end = append(append(end, ":"), plan->group) + 1;
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

/*
 * The auxiliary vector stands right behind the environment's old end. Runtimes that look for it
 * behind the new one find nothing there, as after unsetenv, and ask /proc.
 */
static void end_at(char **end, char *const *old_end) {
    for (; end <= old_end; end++)
        *end = NULL;
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
    char **at = envp;
    for (; *at; at++) {
        bool drop =
            fp_variable_value(*at, FP_ENV_KEPT) || (has(added, FP_KEPT_PRELOAD) && *at == list) ||
            (has(added, FP_KEPT_OPTIONS) && fp_variable_value(*at, FP_ENV_OPTIONS)) ||
            (has(added, FP_KEPT_RUN) && fp_variable_value(*at, FP_ENV_RUN)) ||
            (has(added, FP_KEPT_LEDGER) && fp_variable_value(*at, FP_ENV_LEDGER)) ||
            (FP_AUDIT && has(added, FP_KEPT_RECORD) && fp_variable_value(*at, FP_ENV_RECORD)) ||
            fp_variable_value(*at, FP_ENV_GROUP) ||
            (has(added, FP_KEPT_RUNTIME) && fp_variable_value(*at, FP_ENV_RUNTIME_DIR)) ||
            (has(added, FP_KEPT_SAID) && fp_variable_value(*at, FP_ENV_SAID));
        if (!drop)
            *to++ = *at;
    }
    end_at(to, at);
}

/* Takes one item out of a list, with the separator behind it or else the one before it. */
static void take_out(char *list, size_t at, size_t length) {
    size_t end = at + length;
    if (list[end])
        end++;
    else if (at > 0)
        at--;
    fp_text_copy(list + at, list + end, fp_text_length(list + end) + 1);
}

static bool has_items(const char *list) {
    while (*list == ':' || *list == ' ')
        list++;
    return *list != '\0';
}

/* False when nothing but our items was in it. */
static bool without_ours(char *list) {
    bool changed = false;
    size_t length;
    for (const char *item; (item = fp_preload_item(list, &length)); changed = true)
        take_out(list, (size_t)(item - list), length);
    return !changed || has_items(list);
}

/* One of ours, which exec can add again. */
static bool is_own(const char *variable, const struct fp_settings *settings) {
    if (fp_variable_value(variable, FP_ENV_OPTIONS))
        return settings->text != NULL;
    if (fp_variable_value(variable, FP_ENV_RUN))
        return settings->run != NULL;
    if (fp_variable_value(variable, FP_ENV_LEDGER))
        return settings->ledger != NULL;
    if (FP_AUDIT && fp_variable_value(variable, FP_ENV_RECORD))
        return fp_settings_record(settings) != NULL;
    if (fp_variable_value(variable, FP_ENV_RUNTIME_DIR))
        return settings->runtime_text != NULL;
    return fp_text_same(variable, FP_ENV_PREFIX, sizeof FP_ENV_PREFIX - 1);
}

void fp_environ_hide(char **envp, const struct fp_settings *settings) {
    if (settings->options.env != FP_ENV_RESTORE || !settings->preload)
        return;
    char **to = envp;
    char **at = envp;
    for (; *at; at++) {
        bool stays = fp_variable_value(*at, PRELOAD) ? without_ours(*at + sizeof PRELOAD)
                                                     : !is_own(*at, settings);
        if (stays)
            *to++ = *at;
    }
    end_at(to, at);
}
