#include "pids.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contain/contain.h"
#include "proc.h"

#define NAME "pids" /* the controller */

static bool has_word(const char *list, const char *end, const char *word) {
    size_t length = strlen(word);
    while (list < end) {
        size_t n = strcspn(list, ",: \n");
        if (n == length && memcmp(list, word, n) == 0)
            return true;
        list += n + 1;
    }
    return false;
}

/* "36 35 0:31 ROOT POINT … - cgroup SOURCE OPTIONS": the place of the hierarchy that counts. */
static char *find_mount(void) {
    char *text, *point = NULL, *save = NULL;
    size_t length;
    if (fp_proc_slurp("/proc/self/mountinfo", &text, &length) < 0)
        return NULL;
    for (char *line = strtok_r(text, "\n", &save); line && !point;
         line = strtok_r(NULL, "\n", &save)) {
        const char *type = strstr(line, " - cgroup ");
        char root[2], path[512];
        if (type && has_word(strrchr(line, ' ') + 1, line + strlen(line), NAME) &&
            sscanf(line, "%*d %*d %*s %1s %511s", root, path) == 2 && !strchr(path, '\\'))
            point = strdup(path);
    }
    free(text);
    return point;
}

/* "7:pids:PATH" */
static char *find_path(void) {
    char *text, *path = NULL, *save = NULL;
    size_t length;
    if (fp_proc_slurp("/proc/self/cgroup", &text, &length) < 0)
        return NULL;
    for (char *line = strtok_r(text, "\n", &save); line && !path;
         line = strtok_r(NULL, "\n", &save)) {
        char *list = strchr(line, ':'), *end = list ? strchr(list + 1, ':') : NULL;
        if (end && has_word(list + 1, end, NAME))
            path = strdup(end + 1);
    }
    free(text);
    return path;
}

static bool write_number(const char *directory, const char *name, unsigned long number) {
    char text[24];
    int fd = fp_cgroup_open_file(directory, name, O_WRONLY);
    int n = snprintf(text, sizeof text, "%lu", number);
    bool good = fd >= 0 && write(fd, text, (size_t)n) == n;
    if (fd >= 0)
        close(fd);
    return good;
}

/* Version 1: a cgroup of the run's own in that hierarchy. */
static void make_cgroup(struct fp_pids *pids, const char *run_id, unsigned long tasks) {
    char *point = find_mount(), *path = find_path(), *own = NULL;
    if (point && path && asprintf(&own, "%s%s", point, strcmp(path, "/") ? path : "") >= 0) {
        fp_cgroup_remove_abandoned(own);
        if (asprintf(&pids->directory, "%s/" FP_CGROUP_PREFIX "%s", own, run_id) < 0)
            pids->directory = NULL;
        free(own);
    }
    free(point);
    free(path);
    if (!pids->directory)
        return;
    if (mkdir(pids->directory, 0755) == 0) {
        if (write_number(pids->directory, "pids.max", tasks))
            pids->procs_fd = fp_cgroup_open_file(pids->directory, "cgroup.procs", O_WRONLY);
        if (pids->procs_fd >= 0)
            return;
        rmdir(pids->directory);
    }
    free(pids->directory);
    pids->directory = NULL;
}

void fp_pids_open(struct fp_pids *pids, const char *run_id, const char *cgroup, unsigned limit) {
    unsigned long tasks = (unsigned long)limit * FP_PIDS_TASKS;
    *pids = (struct fp_pids){.procs_fd = -1};
    bool counts = cgroup && write_number(cgroup, "pids.max", tasks);
    if (!counts)
        make_cgroup(pids, run_id, tasks);
    if (counts || pids->directory)
        pids->tasks = (unsigned)tasks;
}

void fp_pids_enter(struct fp_pids *pids, pid_t root) {
    char text[16];
    int n = snprintf(text, sizeof text, "%d", (int)root);
    if (pids->procs_fd >= 0 && write(pids->procs_fd, text, (size_t)n) != n)
        pids->tasks = 0;
}

void fp_pids_close(struct fp_pids *pids) {
    if (pids->procs_fd < 0)
        return;
    close(pids->procs_fd);
    pids->procs_fd = -1;
    fp_cgroup_remove(pids->directory);
}
