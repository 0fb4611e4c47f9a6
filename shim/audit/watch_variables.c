/*
 * Names that collide in the environment of an exec: such that stand twice with different values,
 * and such that differ only in case. What the image was given in this state itself is not its
 * doing. The environment is the program's: no byte of it is touched but by the kernel.
 */
#include "proc.h"
#include "settings.h"
#include "sys.h"
#include "text.h"
#include "usertext.h"
#include "watch_inner.h"

#define VARIABLES 1024
#define SLOTS 2048
#define NAME_SIZE 128 /* longer names are left out */
#define TOLD_MOST 4

/* Bytes of the program's, read a window at a time: most variables lie side by side. */
struct window {
    uintptr_t at; /* 0: none */
    char bytes[512];
};

/* False when it cannot be read. */
static bool read_byte(struct window *window, const char *user_at, char *ret) {
    uintptr_t at = (uintptr_t)user_at & ~(uintptr_t)(sizeof window->bytes - 1);
    if (at != window->at) {
        window->at = 0;
        // NOLINTNEXTLINE(performance-no-int-to-ptr)
        if (at == 0 || fp_sys_copy_in(window->bytes, (const void *)at, sizeof window->bytes) < 0)
            return false;
        window->at = at;
    }
    *ret = window->bytes[(uintptr_t)user_at - at];
    return true;
}

static char lower(char byte) {
    return (char)(byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte);
}

/* A name, copied; 0: it is none, or too long. */
static size_t read_name(struct window *window, const char *user_variable, char to[NAME_SIZE]) {
    for (size_t i = 0; i < NAME_SIZE; i++) {
        if (!read_byte(window, user_variable + i, &to[i]) || !to[i])
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

/* What was read so far: places in the array by hashes of names. */
struct seen {
    uint16_t slots[SLOTS]; /* number + 1 */
    uint32_t hashes[VARIABLES];
    const char *user_at[VARIABLES]; /* NULL: its collision is told */
};

static bool is_same_value(struct window *window, const char *user_a, const char *user_b) {
    char a;
    char b;
    do
        if (!read_byte(window, user_a++, &a) || !read_byte(window, user_b++, &b))
            return true;
    while (a == b && a);
    return a == b;
}

/* Whether the image began with the same collision. */
static bool was_given(const char *a, const char *b) {
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

/* The variable `name` and an earlier one whose hash is the same. True: they collide, and it is
 * told. */
static bool compare(struct window *window, const char *name, const char *user_at,
                    const char *user_earlier) {
    char earlier[NAME_SIZE];
    size_t length = read_name(window, user_earlier, earlier);
    if (!length || !is_same_but_case(name, earlier))
        return false;
    bool is_twice = fp_text_same(name, earlier, length + 1);
    if (is_twice ? is_same_value(window, user_at + length + 1, user_earlier + length + 1)
                 : is_usual(name, length))
        return false;
    if (was_given(earlier, name))
        return false;
    tell(is_twice ? FP_VARIABLE_TWICE : FP_VARIABLE_CASE, earlier, name);
    return true;
}

/* One more variable; true: a collision was told. */
static bool enter(struct seen *seen, struct window *window, unsigned number, const char *user_at) {
    char name[NAME_SIZE];
    if (!read_name(window, user_at, name))
        return false;
    uint32_t hash = hash_of(name);
    unsigned slot = hash % SLOTS;
    for (; seen->slots[slot]; slot = (slot + 1) % SLOTS) {
        unsigned earlier = seen->slots[slot] - 1U;
        if (seen->hashes[earlier] != hash)
            continue;
        if (!seen->user_at[earlier])
            return false; // that one has been told already
        if (compare(window, name, user_at, seen->user_at[earlier])) {
            seen->user_at[earlier] = NULL;
            return true;
        }
    }
    seen->slots[slot] = (uint16_t)(number + 1);
    seen->hashes[number] = hash;
    seen->user_at[number] = user_at;
    return false;
}

void fp_watch_variables(char *const *user_envp) {
    struct window window = {.at = 0};
    const char *some[32] = {NULL};
    struct seen *seen = user_envp ? fp_sys_map(sizeof *seen) : NULL;
    unsigned told = 0;
    if (!seen)
        return;
    for (unsigned i = 0; i < VARIABLES && told < TOLD_MOST; i++) {
        // As many pointers at once as lie on one page with the first.
        unsigned in_some = (unsigned)((uintptr_t)(user_envp + i) / sizeof *some % 32);
        uintptr_t first = (uintptr_t)(user_envp + i) - in_some * sizeof *some;
        // NOLINTNEXTLINE(performance-no-int-to-ptr)
        if ((i == 0 || in_some == 0) && fp_sys_copy_in(some, (const void *)first, sizeof some) < 0)
            break;
        if (!some[in_some])
            break;
        told += enter(seen, &window, i, some[in_some]);
    }
    fp_sys_unmap(seen, sizeof *seen);
}
