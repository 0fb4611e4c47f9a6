/* What the formats share. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"

bool fp_finding_fails(const struct fp_finding *finding, int fail_on) {
    return (int)finding->severity >= fail_on && !finding->is_baselined && !finding->is_suppressed;
}

const char *fp_severity_word(enum fp_severity severity) {
    static const char *const words[] = {"note", "warning", "error"};
    return words[severity > FP_ERROR ? FP_ERROR : severity];
}

const struct fp_process *fp_audit_process(const struct fp_audit *audit, int index) {
    bool known = index >= 0 && (size_t)index < audit->process_count;
    return known ? &audit->processes[index] : NULL;
}

const char *fp_path_base(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

/* Takes the last part off, if it is one that ".." undoes. */
static bool drop_last(char *path, size_t *length, size_t root) {
    size_t at = *length;
    while (at > root && path[at - 1] != '/')
        at--;
    if (at == *length || (*length - at == 2 && memcmp(path + at, "..", 2) == 0))
        return false;
    *length = at > root ? at - 1 : at;
    return true;
}

/* Without "//", "." and what ".." undoes. */
static char *resolved(const char *path) {
    size_t root = *path == '/', length = root;
    char *clean = malloc(strlen(path) + 2);
    if (!clean)
        return NULL;
    clean[0] = '/';
    for (const char *at = path + strspn(path, "/"); *at; at += strspn(at, "/")) {
        size_t n = strcspn(at, "/");
        const char *part = at;
        at += n;
        if (n == 1 && *part == '.')
            continue;
        if (n == 2 && memcmp(part, "..", 2) == 0 && (drop_last(clean, &length, root) || root))
            continue;
        if (length > root)
            clean[length++] = '/';
        memcpy(clean + length, part, n);
        length += n;
    }
    if (length == 0)
        clean[length++] = '.';
    clean[length] = '\0';
    return clean;
}

/* Where the path goes on below the directory; NULL: it does not. */
static const char *below(const char *directory, const char *path) {
    size_t n = strlen(directory);
    if (n > 1 && strncmp(path, directory, n) == 0 && path[n] == '/')
        return path + n + 1;
    return n == 1 && *directory == '/' && *path == '/' && path[1] ? path + 1 : NULL;
}

char *fp_path_below(const char *directory, const char *path) {
    char *clean = resolved(path);
    char *base = directory && *directory == '/' ? resolved(directory) : NULL;
    const char *rest = clean && base ? below(base, clean) : NULL;
    if (rest)
        memmove(clean, rest, strlen(rest) + 1);
    free(base);
    return clean;
}

int fp_format_end(FILE *out) {
    errno = 0;
    if (fflush(out) != 0)
        return errno ? -errno : -EIO;
    return ferror(out) ? -EIO : 0;
}
