#include "environ.h"

#include <stdint.h>

#include "contract.h"
#include "text.h"

#define PRELOAD "LD_PRELOAD"
#define SAID FP_ENV_SAID "=1"

bool fp_environ_lacks(struct fp_environ *ret_plan, const struct fp_settings *settings,
                      char *const *envp) {
    if (settings->options.env == FP_ENV_OFF || !settings->preload || !envp)
        return false;
    const char *list = NULL;
    size_t list_at = 0;
    bool text = false;
    bool run = false;
    bool said = false;
    size_t count = 0;
    for (; envp[count]; count++) {
        const char *variable = envp[count];
        if (variable[0] == 'L' && fp_variable_value(variable, PRELOAD)) {
            list = variable; // the last one counts, as for the loader
            list_at = count;
        } else if (variable[0] == 'F') {
            text |= fp_variable_value(variable, FP_ENV_OPTIONS) != NULL;
            run |= fp_variable_value(variable, FP_ENV_RUN) != NULL;
            said |= fp_variable_value(variable, FP_ENV_SAID) != NULL;
        }
    }
    *ret_plan = (struct fp_environ){envp, count, list ? list_at : count, 0, ""};
    size_t added = 0;
    size_t item;
    if (!list || !fp_preload_item(list + sizeof PRELOAD, &item)) {
        size_t length = list ? fp_text_length(list) : 0;
        char last = list ? list[length - 1] : '=';
        ret_plan->added[added++] = !list                        ? FP_KEPT_PRELOAD
                                   : last == ':' || last == '=' ? FP_KEPT_ITEM
                                                                : FP_KEPT_MERGED;
        ret_plan->text_length =
            sizeof PRELOAD + length + sizeof ":" + fp_text_length(settings->preload);
    }
    if (settings->text && !text)
        ret_plan->added[added++] = FP_KEPT_OPTIONS;
    if (settings->run && !run)
        ret_plan->added[added++] = FP_KEPT_RUN;
    if (settings->said && !said)
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
    for (char **at = envp; *at; at++)
        if ((*at)[0] == 'F' && fp_variable_value(*at, FP_ENV_KEPT))
            added = fp_variable_value(*at, FP_ENV_KEPT);
    if (!added)
        return;
    char **to = envp;
    for (char **at = envp; *at; at++) {
        bool drop = fp_variable_value(*at, FP_ENV_KEPT) ||
                    (has(added, FP_KEPT_OPTIONS) && fp_variable_value(*at, FP_ENV_OPTIONS)) ||
                    (has(added, FP_KEPT_RUN) && fp_variable_value(*at, FP_ENV_RUN)) ||
                    (has(added, FP_KEPT_SAID) && fp_variable_value(*at, FP_ENV_SAID));
        if (fp_variable_value(*at, PRELOAD)) {
            drop |= has(added, FP_KEPT_PRELOAD);
            if (has(added, FP_KEPT_ITEM) || has(added, FP_KEPT_MERGED))
                cut_item(*at + sizeof PRELOAD, has(added, FP_KEPT_MERGED));
        }
        if (!drop)
            *to++ = *at;
    }
    *to = NULL;
}
