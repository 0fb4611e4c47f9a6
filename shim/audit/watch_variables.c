/*
 * Names that collide in the environment of an exec: such that stand twice with different values,
 * and such that differ only in case. What the image was given in this state itself is not its
 * doing. The environment is the program's: no byte of it is touched but by the kernel.
 */
#include "look.h"
#include "proc.h"
#include "settings.h"
#include "sys.h"
#include "text.h"
#include "watch_inner.h"

#define VARIABLES 1024 /* no more are looked at */
#define NAME_SIZE 128  /* longer names are left out */
#define TOLD_MOST 4

/* The environment that is gone through: its array and its strings lie apart. */
struct environment {
    char *const *user_at;
    struct fp_look array, strings;
};

/* The variable; NULL: there are no more, or it cannot be read. */
static const char *variable_at(struct environment *environment, unsigned number) {
    char *const *at = environment->user_at + number;
    return fp_look_at(&environment->array, at) ? *at : NULL;
}

/* --- what the image was given --- */

static const char *first_given;
static const char *last_given;

void fp_watch_given_variables(char *const *envp) {
    first_given = *envp;
    for (; *envp; envp++)
        last_given = *envp;
}

/* Of the variables that were given some or all are left, in their order, and no others. */
static bool are_as_given(char *const *user_envp) {
    struct environment environment = {.user_at = user_envp};
    const char *before = NULL;
    for (unsigned i = 0; i < VARIABLES; i++) {
        const char *variable = variable_at(&environment, i);
        if (!variable)
            break;
        if (variable <= before || variable < first_given || variable > last_given)
            return false;
        before = variable;
    }
    return true;
}

/* --- another environment --- */

/* False when it cannot be read. */
static bool read_byte(struct environment *environment, const char *user_at, char *ret) {
    if (!fp_look_at(&environment->strings, user_at))
        return false;
    *ret = *user_at;
    return true;
}

static char lower(char byte) {
    return (char)(byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte);
}

/* A name, copied; 0: it is none, or too long. */
static size_t read_name(struct environment *environment, const char *user_variable,
                        char to[NAME_SIZE]) {
    for (size_t i = 0; i < NAME_SIZE; i++) {
        if (!read_byte(environment, user_variable + i, &to[i]) || !to[i])
            return 0;
        if (to[i] == '=') {
            to[i] = '\0';
            return i;
        }
    }
    return 0;
}

static uint32_t hash_of(const char *name) {
    uint32_t hash = 2166136261U;
    for (; *name; name++)
        hash = (hash ^ (unsigned char)lower(*name)) * 16777619U;
    return hash;
}

static bool is_same_but_case(const char *a, const char *b) {
    while (*a && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return lower(*a) == lower(*b);
}

/* Both spellings are in use by custom. */
static bool is_usual(const char *name, size_t length) {
    static const char end[] = "_proxy";
    return length >= sizeof end - 1 && is_same_but_case(name + length - (sizeof end - 1), end);
}

static bool is_same_value(struct environment *environment, const char *user_a, const char *user_b) {
    char a;
    char b;
    do
        if (!read_byte(environment, user_a++, &a) || !read_byte(environment, user_b++, &b))
            return true;
    while (a == b && a);
    return a == b;
}

/* Whether the image began with the same collision. Not inlined: rare, and large. */
static __attribute__((noinline)) bool was_given(const char *a, const char *b) {
    struct fp_proc_variables variables;
    const char *variable;
    unsigned of_a = 0;
    unsigned of_b = 0;
    if (!fp_proc_variables_begin(&variables, fp_sys_getpid()))
        return false;
    while ((variable = fp_proc_variables_next(&variables))) {
        if (fp_variable_value(variable, a))
            of_a++;
        else if (fp_variable_value(variable, b))
            of_b++;
    }
    fp_proc_variables_end(&variables);
    return of_a > 1 || (of_a && of_b);
}

static void tell(enum fp_audit_variable what, const char *name, const char *other) {
    struct fp_audit_variable_event body = {.what = what};
    char text[2 * NAME_SIZE];
    size_t length = fp_text_length(name);
    fp_text_copy(text, name, length);
    if (what == FP_VARIABLE_CASE) {
        text[length++] = '=';
        fp_text_copy(text + length, other, fp_text_length(other));
        length += fp_text_length(other);
    }
    fp_log(&(struct fp_log_event){.kind = FP_AUDIT_VARIABLE,
                                  .parts = {{&body, sizeof body}, {text, length}}},
           NULL);
}

/* The variable `name` and an earlier one. True: they collide, and it is told. */
static bool compare(struct environment *environment, const char *name, const char *user_at,
                    const char *user_earlier) {
    char earlier[NAME_SIZE];
    size_t length = read_name(environment, user_earlier, earlier);
    if (!length || !is_same_but_case(name, earlier))
        return false;
    bool is_twice = fp_text_same(name, earlier, length + 1);
    if (is_twice ? is_same_value(environment, user_at + length + 1, user_earlier + length + 1)
                 : is_usual(name, length))
        return false;
    if (was_given(earlier, name))
        return false;
    tell(is_twice ? FP_VARIABLE_TWICE : FP_VARIABLE_CASE, earlier, name);
    return true;
}

/* What names there were, by two bits each of their hashes. Few that were not seem to be there. */
struct filter {
    uint64_t words[64];
};

/* Whether it seems to be there; from now on it is. */
static bool enter(struct filter *filter, uint32_t hash) {
    unsigned one = hash % 4096;
    unsigned other = hash >> 12 & 4095;
    bool was_there =
        (filter->words[one / 64] >> one % 64 & 1) && (filter->words[other / 64] >> other % 64 & 1);
    filter->words[one / 64] |= UINT64_C(1) << one % 64;
    filter->words[other / 64] |= UINT64_C(1) << other % 64;
    return was_there;
}

/* With all that stand before it, the last first. */
static bool compare_all(struct environment *environment, const char *name, unsigned number) {
    const char *user_at = variable_at(environment, number);
    const char *user_earlier;
    if (!user_at)
        return false;
    for (unsigned i = number; i-- > 0 && (user_earlier = variable_at(environment, i));)
        if (compare(environment, name, user_at, user_earlier))
            return true;
    return false;
}

/* Names whose collision is told, by their hashes. */
struct told {
    uint32_t hashes[TOLD_MOST];
    unsigned count;
};

static bool is_told(const struct told *told, uint32_t hash) {
    for (unsigned i = 0; i < told->count; i++)
        if (told->hashes[i] == hash)
            return true;
    return false;
}

/* Not inlined: most processes need no room for it on the stack. */
static __attribute__((noinline)) void look_for_collisions(char *const *user_envp) {
    struct environment environment = {.user_at = user_envp};
    struct filter filter = {{0}};
    struct told told = {.count = 0};
    char name[NAME_SIZE];
    const char *user_at;
    for (unsigned i = 0; i < VARIABLES && told.count < TOLD_MOST; i++) {
        if (!(user_at = variable_at(&environment, i)))
            return;
        if (!read_name(&environment, user_at, name))
            continue;
        uint32_t hash = hash_of(name);
        if (enter(&filter, hash) && !is_told(&told, hash) && compare_all(&environment, name, i))
            told.hashes[told.count++] = hash;
    }
}

void fp_watch_variables(char *const *user_envp) {
    if (user_envp && !are_as_given(user_envp))
        look_for_collisions(user_envp);
}
