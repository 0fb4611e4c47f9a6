/* How large a record can be: each member maps all of it, and a full one is all in memory. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "audit/command/store_size.h"
#include "proc.h"

enum { SHARE = 4 }; /* of the memory that there is */

static uint64_t smaller(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static uint64_t in_force(const struct rlimit *limit) {
    return limit->rlim_cur == RLIM_INFINITY ? UINT64_MAX : limit->rlim_cur;
}

static uint64_t machine_memory(void) {
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : UINT64_MAX;
}

/* A number in a file; UINT64_MAX: there is none, as in "max". */
static uint64_t number_in(const char *path) {
    char *text, *end;
    size_t length;
    if (fp_proc_slurp(path, &text, &length) < 0)
        return UINT64_MAX;
    errno = 0;
    uint64_t number = strtoull(text, &end, 10);
    if (end == text || errno)
        number = UINT64_MAX;
    free(text);
    return number;
}

/* The least of a cgroup and all above it. Ends `path`. */
static uint64_t climb(const char *base, char *path, const char *file) {
    char name[1200];
    uint64_t least = UINT64_MAX;
    for (;;) {
        snprintf(name, sizeof name, "%s%.1000s/%s", base, path, file);
        least = smaller(least, number_in(name));
        char *slash = strrchr(path, '/');
        if (!slash)
            return least;
        *slash = '\0';
    }
}

/* Where cgroups usually are; of those elsewhere nothing is known. A line of /proc/self/cgroup. */
static uint64_t cgroup_limit(char *line) {
    char *controllers = strchr(line, ':');
    char *path = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!path)
        return UINT64_MAX;
    *path++ = '\0';
    if (strcmp(controllers, ":") == 0)
        return climb("/sys/fs/cgroup", path, "memory.max");
    if (strcmp(controllers, ":memory") == 0)
        return climb("/sys/fs/cgroup/memory", path, "memory.limit_in_bytes");
    return UINT64_MAX;
}

static uint64_t cgroup_memory(void) {
    char *text, *save = NULL;
    size_t length;
    uint64_t least = UINT64_MAX;
    if (fp_proc_slurp("/proc/self/cgroup", &text, &length) < 0)
        return least;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        least = smaller(least, cgroup_limit(line));
    free(text);
    return least;
}

uint64_t fp_store_size(uint64_t wanted) {
    struct rlimit space = {.rlim_cur = RLIM_INFINITY}, file = {.rlim_cur = RLIM_INFINITY};
    (void)getrlimit(RLIMIT_AS, &space);
    (void)getrlimit(RLIMIT_FSIZE, &file);
    uint64_t memory = smaller(smaller(machine_memory(), cgroup_memory()), in_force(&space));
    uint64_t size = smaller(smaller(wanted, memory / SHARE), in_force(&file));
    return size < FP_STORE_LEAST ? FP_STORE_LEAST : size;
}

bool fp_store_must_reserve(void) {
    return number_in("/proc/sys/vm/overcommit_memory") == 2;
}
