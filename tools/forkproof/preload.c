#include "preload.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract.h"
#include "say.h"

extern char **environ;

/* The directory beside the library with an entry for each word that loaders put for the token, and
 * one for the token itself (shim/twin.cmake). */
#define CLASSES "forkproof"
#define TOKEN "$PLATFORM"
#define OTHER_CLASS "i686"

/* Where the libraries lie relative to the command's directory. */
static const char *const places[] = {
    "../" FORKPROOF_LIBDIR, /* first: ../lib may be that of the other class */
    "../lib",
    "../lib/" FORKPROOF_MULTIARCH,
    "../lib64",
};

static const char *problem(const char *path) {
    char ident[EI_CLASS + 1];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return strerror(errno);
    ssize_t n = read(fd, ident, sizeof ident);
    close(fd);
    if (n != sizeof ident || memcmp(ident, ELFMAG, SELFMAG) != 0)
        return "not an ELF object";
    if (ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32))
        return "it is for programs of the other class (32 or 64 bits)";
    /* LD_PRELOAD knows no quoting. */
    return strpbrk(path, " :") ? "its path holds a blank or a colon" : NULL;
}

static int refuse(const char *path, const char *what) {
    fp_say("cannot use the library %s: %s", path, what);
    return -ENOENT;
}

/* Who may write beside the command may put any library there: it has to be of somebody who is
 * believed anyway. */
static bool is_of_others(const char *path) {
    struct stat st, command;
    return stat(path, &st) == 0 && st.st_uid != 0 && st.st_uid != geteuid() &&
           (stat("/proc/self/exe", &command) < 0 || st.st_uid != command.st_uid);
}

static bool is_placed_by_others(const char *path) {
    char *directory = strndup(path, (size_t)(strrchr(path, '/') - path) + 1);
    bool is_so = !directory || is_of_others(directory) || is_of_others(path);
    free(directory);
    return is_so;
}

static int find_beside_command(const char *name, char **ret_path) {
    char *self = realpath("/proc/self/exe", NULL);
    if (!self)
        return refuse("beside the command", strerror(errno));
    *strrchr(self, '/') = '\0';
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        char *candidate, *path;
        if (asprintf(&candidate, "%s/%s/%s", self, places[i], name) < 0)
            break;
        path = realpath(candidate, NULL);
        free(candidate);
        if (path) {
            free(self);
            *ret_path = path;
            return is_placed_by_others(path) ? refuse(path, "another user has put it there") : 0;
        }
    }
    bool is_audit = strcmp(name, FP_AUDIT_LIBRARY_NAME) == 0;
    fp_say("cannot find the library %s for the command in %s; install the package %s, or set %s",
           name, self, is_audit ? "forkproof-audit" : "libforkproof", FP_ENV_LIBRARY);
    free(self);
    return -ENOENT;
}

static const char *name_in(const char *path) {
    return strrchr(path, '/') + 1; /* it is absolute */
}

/* The entry for a word; `slash` ends the directory that the library lies in. */
static char *class_path(const char *library, const char *slash, const char *word) {
    char *path;
    int n = asprintf(&path, "%.*s/" CLASSES "/%s/%s", (int)(slash - library), library, word,
                     name_in(library));
    return n < 0 ? NULL : path;
}

static bool leads_to(const char *path, const char *library) {
    struct stat a, b;
    return path && stat(path, &a) == 0 && stat(library, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

/*
 * The loader's word is the kernel's, or glibc's own for the processor. Where the kernel tells none
 * the path cannot be relied on.
 */
static char *for_every_class(char *library) {
    const char *word = (const char *)getauxval(AT_PLATFORM); // NOLINT(performance-no-int-to-ptr)
    const char *slash = strrchr(library, '/');
    char *own = word ? class_path(library, slash, word) : NULL;
    char *all = own ? class_path(library, slash, TOKEN) : NULL;
    bool good = leads_to(own, library) && leads_to(all, library);
    free(own);
    free(good ? library : all);
    return good ? all : library;
}

char *fp_preload_object(const char *library, unsigned machine) {
    const char *token = strstr(library, "/" CLASSES "/" TOKEN "/");
    if (!token || machine != EM_386)
        return strdup(library);
    char *path = class_path(library, token, OTHER_CLASS);
    /* Without a shim for that class the entry leads to an object without anything in it. */
    char *real = path ? realpath(path, NULL) : NULL;
    bool hooks = real && strcmp(name_in(real), name_in(library)) == 0;
    free(real);
    free(hooks ? NULL : path);
    return hooks ? path : NULL;
}

/* One is given, maybe another of ours: then that of this name lies beside it. */
static int find_as_given(const char *given, const char *name, char **ret_path) {
    char *beside, *path = realpath(given, NULL);
    if (!path)
        return refuse(given, strerror(errno));
    bool is_other = strcmp(name_in(path), FP_LIBRARY_NAME) == 0 ||
                    strcmp(name_in(path), FP_AUDIT_LIBRARY_NAME) == 0;
    *ret_path = path;
    if (!is_other || strcmp(name_in(path), name) == 0)
        return 0;
    int n = asprintf(&beside, "%.*s/%s", (int)(name_in(path) - path - 1), path, name);
    free(path);
    if (n < 0)
        return refuse(given, strerror(ENOMEM));
    *ret_path = realpath(beside, NULL);
    int r = *ret_path ? 0 : refuse(beside, strerror(errno));
    free(beside);
    return r;
}

int fp_preload_find(const char *name, char **ret_path) {
    const char *given = secure_getenv(FP_ENV_LIBRARY);
    char *path = NULL;
    int found =
        given && *given ? find_as_given(given, name, &path) : find_beside_command(name, &path);
    if (found < 0)
        return found;
    const char *what = problem(path);
    if (!what) {
        *ret_path = for_every_class(path);
        return 0;
    }
    int r = refuse(path, what);
    free(path);
    return r;
}

/* Whether the list, separated by colons or blanks, has the entry. */
static bool has_entry(const char *list, const char *entry) {
    size_t length = strlen(entry);
    for (const char *at = list; *at; at += strspn(at, ": ")) {
        size_t n = strcspn(at, ": ");
        if (n == length && memcmp(at, entry, n) == 0)
            return true;
        at += n;
    }
    return false;
}

/* The list without an entry; the list itself is changed. */
static void drop_entry(char *list, const char *entry) {
    size_t length = strlen(entry);
    for (char *at = list + strspn(list, ": "); *at;) {
        size_t n = strcspn(at, ": ");
        char *next = at + n + strspn(at + n, ": ");
        if (n == length && memcmp(at, entry, n) == 0)
            memmove(at, next, strlen(next) + 1);
        else
            at = next;
    }
}

/* An audit within a run, and a run within an audit: one of the two libraries is enough. */
static bool drop_other(char *list, const char *library) {
    bool is_audit = strcmp(name_in(library), FP_AUDIT_LIBRARY_NAME) == 0;
    const char *name = is_audit ? FP_LIBRARY_NAME : FP_AUDIT_LIBRARY_NAME;
    char *other;
    if (asprintf(&other, "%.*s%s", (int)(name_in(library) - library), library, name) < 0)
        return false;
    drop_entry(list, other);
    free(other);
    return true;
}

static int preload_value(const char *library, char **ret_pair) {
    const char *given = getenv("LD_PRELOAD");
    char *list = strdup(given ? given : "");
    int n = -1;
    if (!list || !drop_other(list, library))
        n = -1;
    else if (!*list)
        n = asprintf(ret_pair, "LD_PRELOAD=%s", library);
    else if (has_entry(list, library))
        n = asprintf(ret_pair, "LD_PRELOAD=%s", list);
    else
        n = asprintf(ret_pair, "LD_PRELOAD=%s:%s", list, library);
    free(list);
    return n < 0 ? -ENOMEM : 0;
}

/* Over the first pair of the same name, else at the end. */
static void put(char **env, char *pair) {
    size_t name = (size_t)(strchr(pair, '=') - pair) + 1;
    size_t i = 0;
    while (env[i] && strncmp(env[i], pair, name) != 0)
        i++;
    env[i] = pair;
}

/* NAME=VALUE; false without memory. */
static bool put_pair(char **env, const char *name, const char *value) {
    char *pair;
    if (asprintf(&pair, "%s=%s", name, value) < 0)
        return false;
    put(env, pair);
    return true;
}

static void take_out(char **env, const char *name) {
    size_t length = strlen(name);
    char **to = env;
    for (char **at = env; *at; at++)
        if (strncmp(*at, name, length) != 0 || (*at)[length] != '=')
            *to++ = *at;
    *to = NULL;
}

bool fp_preload_is_audited(void) {
    const char *list = getenv("LD_PRELOAD"), *record = getenv(FP_ENV_RECORD);
    return record && list && strstr(list, "/" FP_AUDIT_LIBRARY_NAME);
}

/* What a run around this one has there is not our members'. */
static bool put_path(char **env, const char *name, const char *path) {
    take_out(env, name);
    return !path || put_pair(env, name, path);
}

int fp_preload_environment(const struct fp_preload *with, char ***ret_environment) {
    size_t count = 0;
    char *preload;
    while (environ[count])
        count++;
    char **env = calloc(count + 6, sizeof *env);
    if (!env)
        return -ENOMEM;
    memcpy(env, environ, count * sizeof *env);
    bool made = preload_value(with->library, &preload) == 0;
    if (made)
        put(env, preload);
    made = made && put_pair(env, FP_ENV_RUN, with->run_id);
    made = made && put_path(env, FP_ENV_LEDGER, with->ledger);
    made = made && put_path(env, FP_ENV_RECORD, with->record);
    made = made && (!*with->options || put_pair(env, FP_ENV_OPTIONS, with->options));
    if (made)
        *ret_environment = env;
    else
        free(env);
    return made ? 0 : -ENOMEM;
}
